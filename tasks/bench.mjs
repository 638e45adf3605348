// SPDX-License-Identifier: MIT OR Apache-2.0
// node bench.mjs PYODIDE_FOLDER WHEEL SCRIPT HELPER...
// Runs a benchmark script in Pyodide as __main__, with the wheel and the helper modules on its path.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";

const bytes = (path) => new Uint8Array(readFileSync(path)); // Pyodide does not know Node's Buffer
const [folder, wheel, script, ...helpers] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
const pyodide = await loadPyodide({ indexURL: folder });
pyodide.unpackArchive(bytes(wheel), "wheel");
pyodide.FS.mkdir("/bench");
for (const path of [script, ...helpers]) pyodide.FS.writeFile(`/bench/${basename(path)}`, bytes(path));
pyodide.globals.set("script", `/bench/${basename(script)}`);
pyodide.runPython(
  "import runpy, sys\nsys.path.insert(0, '/bench')\nrunpy.run_path(script, run_name='__main__')",
);
