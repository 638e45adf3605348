// SPDX-License-Identifier: MIT OR Apache-2.0
// node bytecode.mjs PYODIDE_FOLDER bytecode_inside.py < JSON > JSON
// Runs the script in the Pyodide that will run the bytecode. It may ask what a boot from a library of its making imports.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, script] = process.argv.slice(2);
const given = readFileSync(0, "utf8"); // before Pyodide has its hands on stdin
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
const start = (options) => loadPyodide({ indexURL: folder, stdout: () => undefined, ...options });

// What is frozen in the interpreter is not in any library.
const IMPORTED = `
import sys
for name in names.split(): __import__(name)
specs = {name: getattr(module, "__spec__", None) for name, module in sys.modules.items()}
" ".join(name for name, spec in specs.items() if getattr(spec, "origin", None) != "frozen")
`;

async function modulesOfABoot(archive, names) {
  const work = mkdtempSync(join(tmpdir(), "edgetrace-"));
  try {
    const stdLibURL = join(work, "library.zip");
    writeFileSync(stdLibURL, archive);
    const pyodide = await start({ stdLibURL });
    pyodide.globals.set("names", names);
    return pyodide.runPython(IMPORTED);
  } finally {
    rmSync(work, { recursive: true });
  }
}

// Columns in line tables are for showing source, which is not there: lines alone are a sixth smaller.
const pyodide = await start({ env: { PYTHONNODEBUGRANGES: "1" } });
pyodide.globals.set("GIVEN", given);
pyodide.globals.set("modules_of_a_boot", modulesOfABoot);
try {
  process.stdout.write(await pyodide.runPythonAsync(readFileSync(script, "utf8")));
} catch (error) {
  console.error(String(error)); // without the whole line of a minified file
  process.exitCode = 1;
}
