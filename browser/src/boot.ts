// SPDX-License-Identifier: MIT OR Apache-2.0
// Brings up Python with the agent in it. Every way to fail ends in one rejected promise with a cause, and in silence.
import type { PyodideAPI } from "pyodide";

/** An empty module: a policy without 'wasm-unsafe-eval' refuses it quietly, before Emscripten complains aloud. */
const EMPTY_WASM = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);

const ARCHIVE = "/edgetrace-agent.zip";

const missing = (url: string, { status }: Response): Error => new Error(`${url} answered ${status}`);

async function get(url: string): Promise<ArrayBuffer> {
  const response = await fetch(url);
  if (!response.ok) throw missing(url, response);
  return response.arrayBuffer();
}

/** Missing wasm would leave loadPyodide() waiting for good (314.0.7). A server need not know or allow HEAD: only 404 counts. */
async function notMissing(url: string): Promise<void> {
  const response = await fetch(url, { method: "HEAD" }).catch(() => undefined);
  if (response?.status == 404) throw missing(url, response);
}

/** A Pyodide of our own. `base`: URL of its folder. */
export async function startPyodide(base: string): Promise<PyodideAPI> {
  new WebAssembly.Module(EMPTY_WASM);
  const [{ loadPyodide }] = await Promise.all([
    import(base + "pyodide.mjs") as Promise<typeof import("pyodide")>,
    notMissing(base + "pyodide.asm.wasm"),
  ]);
  const silent = (): void => undefined;
  return loadPyodide({ indexURL: base, stdout: silent, stderr: silent });
}

/** Puts the agent on Python's path, unless the page has installed it; zipimport reads it as it is. */
export async function installAgent(pyodide: Promise<PyodideAPI>, url: string): Promise<PyodideAPI> {
  const [python, archive] = await Promise.all([pyodide, get(url)]);
  python.FS.writeFile(ARCHIVE, new Uint8Array(archive));
  const path = python.pyimport("sys").path;
  path.append(ARCHIVE);
  path.destroy();
  return python;
}
