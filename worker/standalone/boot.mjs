// SPDX-License-Identifier: MIT OR Apache-2.0
// One Python per isolate. Nothing in a boot waits for I/O, so it ends within the turn of the event that began it;
// were that ever to change, other events wait by timers of their own: a promise of another request's would hang.
import app from "./app.zip";
import { compatFlags, entrypointHelper } from "./helper.mjs";
import { startPyodide } from "./pyodide.mjs";

const ENTRY = __ENTRY__; // the entry file's module name, by the build
const APP = "/session/app.zip";
const PATIENCE_MS = 15_000; // of others with a boot whose event was cancelled

let python = null; // { call, construct, module }
let bootingSince = null;

async function boot() {
  const pyodide = await startPyodide();
  pyodide.registerJsModule("_pyodide_entrypoint_helper", entrypointHelper);
  pyodide.registerJsModule("_cloudflare_compat_flags", compatFlags);
  pyodide.FS.mkdirTree("/session");
  pyodide.FS.writeFile(APP, new Uint8Array(app), { canOwn: true });
  pyodide.runPython(`import sys; sys.path.insert(0, "${APP}")`);
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
