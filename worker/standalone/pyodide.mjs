// SPDX-License-Identifier: MIT OR Apache-2.0
// Pyodide inside workerd, from modules of this upload alone: nothing is fetched, no code is compiled at run time.
import createPyodideModule from "pyodide/pyodide.asm.mjs";
import { loadPyodide } from "pyodide/pyodide.mjs";
import wasm from "./pyodide.asm.wasm";
import stdlib from "./python_stdlib.zip";

const NOTHING = "data:,"; // workerd answers data: URLs by itself
const LOCK = { info: __LOCK_INFO__, packages: {} }; // of npm's pyodide, by bundle.mjs

function installStdlib(module) {
  const version = module.HEAPU32[module._Py_Version >>> 2];
  const [major, minor, micro] = [version >>> 24, (version >>> 16) & 255, (version >>> 8) & 255];
  const home = `/lib/python${major}.${minor}`;
  module.API.pyVersionTuple = [major, minor, micro];
  module.API.sitePackages = `${home}/site-packages`;
  for (const folder of ["site-packages", "lib-dynload"]) module.FS.mkdirTree(`${home}/${folder}`);
  module.FS.writeFile(`/lib/python${major}${minor}.zip`, new Uint8Array(stdlib), { canOwn: true });
}

function create(settings) {
  const errorMark = Symbol("error marker"); // what Pyodide itself falls back to where it cannot compile
  settings.preRun[0] = installStdlib;
  settings.instantiateWasm = (imports, done) => {
    imports.env.Jsv_GetError_import = () => errorMark;
    imports.env.JsvError_Check = (value) => value === errorMark;
    done(new WebAssembly.Instance(wasm, imports), wasm);
    return {};
  };
  return createPyodideModule(settings);
}

export const startPyodide = () =>
  loadPyodide({ indexURL: `${NOTHING}/`, stdLibURL: NOTHING, lockFileContents: LOCK, createPyodideModule: create });
