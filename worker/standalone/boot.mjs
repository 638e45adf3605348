// SPDX-License-Identifier: MIT OR Apache-2.0
// One Python per isolate. Nothing in a boot waits for I/O, so it ends within the turn of the event that began it;
// were that ever to change, other events wait by timers of their own: a promise of another request's would hang.
import app from "./app.zip";
import { compatFlags, entrypointHelper } from "./helper.mjs";
import { startPyodide } from "./pyodide.mjs";
import { withoutEntropy } from "./shims.mjs";
import { unpack } from "./unpack.mjs";

const ENTRY = __ENTRY__; // the entry file's module name, by the build
const HOME = "/session/metadata"; // where the native runtime has the application
const PATIENCE_MS = 15_000; // of others with a boot whose event was cancelled

let python = null; // { call, construct, module }
let bootingSince = null;

async function boot(start) {
  const pyodide = await start();
  pyodide.registerJsModule("_pyodide_entrypoint_helper", entrypointHelper);
  pyodide.registerJsModule("_cloudflare_compat_flags", compatFlags);
  unpack(pyodide.FS, app, HOME);
  pyodide.runPython(`import sys; sys.path[:0] = "${HOME}", "${HOME}/python_modules"`);
  const host = pyodide.pyimport("_edgetrace_host");
  return { module: host.load(ENTRY), call: host.call, reseed: host.reseed };
}

export async function ready() {
  while (python === null && bootingSince !== null && Date.now() - bootingSince < PATIENCE_MS) {
    await scheduler.wait(5);
  }
  if (python !== null) return seeded(python);
  bootingSince = Date.now();
  try {
    python = await boot(startPyodide);
  } finally {
    bootingSince = null;
  }
  return python;
}

// What drew from Python's generator at module scope drew what every isolate draws.
function seeded(found) {
  if (__AT_START__ && !found.isSeeded) found.reseed();
  found.isSeeded = true;
  return found;
}

// Asked for by the build: Python is there before the first event, whose CPU time it then does not take, but the
// platform's limit for a Worker's start-up holds. If it fails, the first event tries again.
if (__AT_START__) {
  try {
    python = await boot(() => withoutEntropy(startPyodide));
  } catch (error) {
    console.warn(`edgetrace: Python did not start with the Worker: ${error?.stack ?? error}`);
  }
}
