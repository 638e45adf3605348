// SPDX-License-Identifier: MIT OR Apache-2.0
// node pack.mjs PYODIDE_FOLDER pack.py < JSON > JSON
// Runs pack.py in the Pyodide that will run the application: what it imports, its classes, its bytecode.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, script] = process.argv.slice(2);
const given = readFileSync(0, "utf8"); // before Pyodide has its hands on stdin
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
const said = [];
// Columns in line tables are for showing source, which is not there: lines alone are a sixth smaller.
const env = { PYTHONNODEBUGRANGES: "1" };
const pyodide = await loadPyodide({ indexURL: folder, env, stdout: (line) => said.push(line), stderr: (line) => said.push(line) });

// What the SDK asks of the platform while it is imported: names, no behaviour.
const nothing = () => undefined;
const workers = { env: {}, waitUntil: nothing };
const helper = { doAnImport: nothing, cloudflareWorkersModule: workers, cloudflareSocketsModule: {}, patchWaitUntil: nothing };
pyodide.registerJsModule("_pyodide_entrypoint_helper", helper);
pyodide.registerJsModule("_cloudflare_compat_flags", { python_workflows_implicit_dependencies: true });

pyodide.globals.set("GIVEN", given);
const result = pyodide.runPython(readFileSync(script, "utf8"));
process.stdout.write(JSON.stringify({ ...JSON.parse(result), said }));
