// SPDX-License-Identifier: MIT OR Apache-2.0
// node freeze.mjs PYODIDE_FOLDER MICROPIP_WHEEL... -- WHEEL...
// Prints the JSON of micropip.freeze() after installing the WHEELs without their dependencies. Reads local files only.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";

const bytes = (path) => new Uint8Array(readFileSync(path)); // Pyodide does not know Node's Buffer
const [folder, ...rest] = process.argv.slice(2);
const cut = rest.indexOf("--");
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
const pyodide = await loadPyodide({ indexURL: folder });
for (const wheel of rest.slice(0, cut)) pyodide.unpackArchive(bytes(wheel), "wheel");
const urls = rest.slice(cut + 1).map((wheel) => {
  pyodide.FS.writeFile(`/tmp/${basename(wheel)}`, bytes(wheel));
  return `emfs:/tmp/${basename(wheel)}`;
});
pyodide.globals.set("urls", pyodide.toPy(urls));
console.log(
  await pyodide.runPythonAsync(
    "import micropip\nawait micropip.install(urls, deps=False)\nmicropip.freeze()",
  ),
);
