// SPDX-License-Identifier: MIT OR Apache-2.0
// node import.mjs PYODIDE_FOLDER source|pyc|archive STATEMENT FILE...
// One import statement in a bare Pyodide: milliseconds, then bytes of the WebAssembly heap before and
// after. FILEs are wheels, or the agent's archive.
// One Pyodide unpacks and compiles, another imports: what the tools for that import, the agent would
// find imported.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, kind, statement, ...files] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
const env = { HOME: "/home/pyodide", PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION: "python" };
const boot = () => loadPyodide({ indexURL: folder, env });
const bytes = (file) => new Uint8Array(readFileSync(file));

const pyodide = await boot();
if (kind === "archive") {
  pyodide.FS.writeFile("/agent.zip", bytes(files[0]));
  pyodide.runPython("import sys; sys.path.insert(0, '/agent.zip')");
} else {
  const maker = await boot();
  for (const file of files) maker.unpackArchive(bytes(file), "wheel", { extractDir: "/made" });
  const made = maker.runPython(`
import pathlib, py_compile
if ${kind === "pyc" ? "True" : "False"}:
    for path in pathlib.Path("/made").rglob("*.py"):
        py_compile.compile(str(path), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
[str(path) for path in pathlib.Path("/made").rglob("*") if path.is_file()]`).toJs();
  for (const path of made) {
    pyodide.FS.mkdirTree(path.slice(0, path.lastIndexOf("/")));
    pyodide.FS.writeFile(path, maker.FS.readFile(path));
  }
  pyodide.runPython("import sys; sys.path.insert(0, '/made')");
}
pyodide.globals.set("statement", statement);
const before = pyodide._module.HEAPU8.length;
const took = pyodide.runPython(`
import sys
from time import perf_counter
sys.dont_write_bytecode = True
code = compile(statement, "<bench>", "exec")
started = perf_counter()
exec(code)
(perf_counter() - started) * 1000`);
console.log(took, before, pyodide._module.HEAPU8.length);
