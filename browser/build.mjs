// SPDX-License-Identifier: MIT OR Apache-2.0
// Builds dist/agent.js (a classic script that also works as a module), dist/edgetrace-worker.js and dist/edgetrace-edge.js
// (modules, of which a page loads one), and dist/edgetrace-held.js (a module for pages whose workers die with them).
// The version comes from the agent's own file, so that loader, worker and wheel cannot disagree.
import { readFile } from "node:fs/promises";
import { build } from "esbuild";

const root = new URL("../", import.meta.url);
const source = await readFile(new URL("agent/edgetrace/_version.py", root), "utf8");
const version = /^VERSION\b[^=]*= "([^"]+)"/m.exec(source)?.[1];
if (!version) throw new Error("agent/edgetrace/_version.py names no VERSION");
// The runtime's bytecode is for one Pyodide; what its lock file says of itself stands in for that file.
const read = async (name) => JSON.parse(await readFile(new URL(`node_modules/pyodide/${name}`, import.meta.url), "utf8"));
const pyodide = { version: (await read("package.json")).version, info: (await read("pyodide-lock.json")).info };

const shared = {
  absWorkingDir: new URL(".", import.meta.url).pathname,
  bundle: true,
  minify: true,
  mangleProps: /^_/, // names that begin with _ never leave their file's bundle
  charset: "utf8",
  legalComments: "none",
  target: "es2022",
  define: { VERSION: JSON.stringify(version), PYODIDE: JSON.stringify(pyodide) },
  tsconfigRaw: { compilerOptions: { target: "ES2022" } }, // no "use strict" of tsc's
  logLevel: "warning",
};
await build({
  ...shared,
  entryPoints: ["src/loader.ts"],
  outfile: "../dist/agent.js",
  format: "iife",
  // Modules run their top level unguarded; whatever a browser lacks there must not reach the page.
  banner: { js: "try{" },
  footer: { js: "}catch{}" },
});
for (const [source, name] of Object.entries({ "runtime-worker": "worker", edge: "edge", fallback: "held" }))
  await build({
    ...shared,
    entryPoints: [`src/${source}.ts`],
    outfile: `../dist/edgetrace-${name}.js`,
    format: "esm",
  });
