// SPDX-License-Identifier: MIT OR Apache-2.0
// One Python per isolate. Nothing in a boot waits for I/O, so it ends within the turn of the event that began it;
// were that ever to change, other events wait by timers of their own: a promise of another request's would hang.
import app from "./app.zip";
import { compatFlags, entrypointHelper } from "./helper.mjs";
import { startPyodide } from "./pyodide.mjs";
import { unpack } from "./unpack.mjs";

const ENTRY = __ENTRY__; // the entry file's module name, by the build
const HOME = "/session/metadata"; // where the native runtime has the application
const PATIENCE_MS = 15_000; // of others with a boot whose event was cancelled

let python = null; // { call, construct, module }
let bootingSince = null;

async function boot() {
  const pyodide = await startPyodide();
  pyodide.registerJsModule("_pyodide_entrypoint_helper", entrypointHelper);
  pyodide.registerJsModule("_cloudflare_compat_flags", compatFlags);
  unpack(pyodide.FS, app, HOME);
  pyodide.runPython(`import sys; sys.path[:0] = "${HOME}", "${HOME}/python_modules"`);
  const host = pyodide.pyimport("_edgetrace_host");
  return { module: host.load(ENTRY), call: host.call };
}

export async function ready() {
  while (python === null && bootingSince !== null && Date.now() - bootingSince < PATIENCE_MS) {
    await scheduler.wait(5);
  }
  if (python !== null) return python;
  bootingSince = Date.now();
  try {
    python = await boot();
  } finally {
    bootingSince = null;
  }
  return python;
}
