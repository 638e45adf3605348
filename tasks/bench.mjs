// SPDX-License-Identifier: MIT OR Apache-2.0
// node bench.mjs PYODIDE_FOLDER SCRIPT WHEEL... -- HELPER...
// Runs a benchmark script in Pyodide as __main__, with the wheels and the helper modules on its path.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";

const bytes = (path) => new Uint8Array(readFileSync(path)); // Pyodide does not know Node's Buffer
const [folder, script, ...rest] = process.argv.slice(2);
const wheels = rest.slice(0, rest.indexOf("--"));
const helpers = rest.slice(wheels.length + 1);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
// protobuf's C parts are not for WebAssembly; it is told so, as anyone who uses it here has to.
const env = { HOME: "/home/pyodide", PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION: "python" };
const pyodide = await loadPyodide({ indexURL: folder, env });
for (const wheel of wheels) pyodide.unpackArchive(bytes(wheel), "wheel");
pyodide.FS.mkdir("/bench");
for (const path of [script, ...helpers]) pyodide.FS.writeFile(`/bench/${basename(path)}`, bytes(path));
pyodide.globals.set("script", `/bench/${basename(script)}`);
try {
  pyodide.runPython(
    "import runpy, sys\nsys.path.insert(0, '/bench')\nrunpy.run_path(script, run_name='__main__')",
  );
} catch (error) {
  console.error(error.message); // Node would quote the minified megabyte that threw
  process.exitCode = 1;
}
