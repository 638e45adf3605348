// SPDX-License-Identifier: MIT OR Apache-2.0
// node bundle.mjs PYODIDE_FOLDER SDK_FOLDER ENTRY CLASSES_JSON OUT_FILE start|event
// The host, Pyodide's glue and the SDK's JavaScript in one module; .wasm and .zip stay files beside it.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const [pyodide, sdk, main, classes, outfile, atStart] = process.argv.slice(2);
const lock = JSON.parse(readFileSync(`${pyodide}/pyodide-lock.json`, "utf8"));

// Pyodide's two files are read with the names of shims.mjs bound by an import of their own.
const shimmed = {
  name: "shimmed",
  setup(build) {
    build.onLoad({ filter: /pyodide(\.asm)?\.mjs$/ }, ({ path }) => {
      if (!path.startsWith(pyodide)) return undefined;
      const shims = `import { process, location, addEventListener, fetch, crypto } from ${JSON.stringify(here("shims.mjs"))};`;
      const text = readFileSync(path, "utf8").replaceAll("globalThis.process", "process");
      return { contents: shims + text, loader: "js" };
    });
  },
};

await build({
  stdin: { contents: entry(JSON.parse(classes)), resolveDir: here("."), loader: "js" },
  outfile,
  bundle: true,
  format: "esm",
  target: "es2024",
  minify: true,
  legalComments: "none",
  logLevel: "error",
  external: ["cloudflare:*", "node:*", "ws", "*.wasm", "*.zip"],
  alias: { pyodide, "workers-sdk": sdk },
  define: { __AT_START__: String(atStart === "start"), __ENTRY__: JSON.stringify(main), __LOCK_INFO__: JSON.stringify(lock.info) },
  plugins: [shimmed],
});

function entry({ durableObjects, workerEntrypoints, workflowEntrypoints, handlers }) {
  const lines = [`import * as host from "./host.mjs";`];
  const put = (maker, list) => {
    for (const { className, methodNames } of list) {
      const target = className === "Default" ? "export default" : `export const ${className} =`;
      lines.push(`${target} host.${maker}(${JSON.stringify(className)}, ${JSON.stringify(methodNames)});`);
    }
  };
  put("workerEntrypoint", workerEntrypoints);
  put("durableObject", durableObjects);
  put("workflowEntrypoint", workflowEntrypoints);
  if (handlers.length) lines.push(`export default host.legacyHandlers(${JSON.stringify(handlers)});`);
  return lines.join("\n");
}
