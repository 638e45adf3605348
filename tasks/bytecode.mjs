// SPDX-License-Identifier: MIT OR Apache-2.0
// node bytecode.mjs PYODIDE_FOLDER bytecode_inside.py < JSON > JSON
// Runs the script in the Pyodide that will run the bytecode: its compiler, its standard library, its list of modules.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, script] = process.argv.slice(2);
const given = readFileSync(0, "utf8"); // before Pyodide has its hands on stdin
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
// Columns in line tables are for showing source, which is not there: lines alone are a sixth smaller.
const env = { PYTHONNODEBUGRANGES: "1" };
const pyodide = await loadPyodide({ indexURL: folder, env, stdout: () => undefined });
pyodide.globals.set("GIVEN", given);
process.stdout.write(pyodide.runPython(readFileSync(script, "utf8")));
