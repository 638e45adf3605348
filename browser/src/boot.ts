// SPDX-License-Identifier: MIT OR Apache-2.0
// Brings up Python with the agent in it. Every way to fail ends in one rejected promise with a cause, and in silence.
//
//   edgetrace-stdlib.zip, edgetrace-bytecode.zip   what a boot imports, and the agent, as bytecode: for one Pyodide
//   edgetrace-agent.zip                            the agent as source: for any other
import type { PyodideAPI } from "pyodide";

type Loader = typeof import("pyodide");
type Options = NonNullable<Parameters<Loader["loadPyodide"]>[0]>;
type Create = NonNullable<Options["createPyodideModule"]>;
/** Milliseconds since the boot began at which its parts were there, for the counters. */
export type Marks = Record<string, number>;

/** The Pyodide that the bytecode is for, as its lock file describes itself: by build.mjs. */
declare const PYODIDE: { version: string; info: object };

/** An empty module: a policy without 'wasm-unsafe-eval' refuses it quietly, before Emscripten complains aloud. */
const EMPTY_WASM = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
const ARCHIVE = "/edgetrace-agent.zip";

const silent = (): void => undefined;
const never = new Promise<never>(silent);

/** The platform's own; some browsers have no WebAssembly, and are to hear of it later. */
const { fetch } = self;
const instantiateStreaming = (self as Partial<typeof self>).WebAssembly?.instantiateStreaming;

async function get(url: string): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response;
}

/** Compiled while it loads: only the right type may be. Code is cached for an answer that is left as it is, once enough of it is hot. */
async function compile(url: string): Promise<WebAssembly.Module> {
  const answer = await get(url);
  const headers = { "content-type": "application/wasm" };
  return WebAssembly.compileStreaming(
    answer.headers.get("content-type")?.startsWith(headers["content-type"]) ? answer : new Response(answer.body, { headers }),
  );
}

/** Files on their way, by the address that Pyodide asks for; and what compiles, by the answer that stands for it. */
const files = new Map<string, Promise<Response>>();
const modules = new Map<Response, Promise<WebAssembly.Module>>();

/**
 * Pyodide asks for each file when it comes to it, and waits for good for one that is missing (314.0.7). In this worker,
 * which is ours alone, it is given what is on its way already; what fails is known here, and it is told nothing more.
 */
function standIn(): void {
  self.fetch = (what, init) => files.get(`${what as string}`) ?? fetch(what, init);
  WebAssembly.instantiateStreaming = async (answer, imports) => {
    const module = await modules.get(await answer);
    if (!module) return instantiateStreaming!(answer, imports);
    return { module, instance: await WebAssembly.instantiate(module, imports) };
  };
}

const orNever = <T>(what: Promise<T>): Promise<T> => what.catch(() => never);

/** A Pyodide of our own, with the agent. `base`: URL of its folder; `query`: of its files' URLs, if they are our bundle's. */
export async function startPyodide(
  base: string,
  file: (name: string) => string,
  query: string | undefined,
  marks: Marks,
): Promise<PyodideAPI> {
  new WebAssembly.Module(EMPTY_WASM);
  const begun = performance.now();
  const mark = <T>(name: string, what: Promise<T>): Promise<T> =>
    what.then((value) => {
      marks[name] = Math.round(performance.now() - begun);
      return value;
    });
  const loader = import(`${base}pyodide.mjs${query ?? ""}`) as Promise<Loader>;
  const wasm = mark("wasm_ms", compile(`${base}pyodide.asm.wasm${query ?? ""}`));
  const options: Options = { indexURL: base, stdout: silent, stderr: silent };
  const needed: Promise<unknown>[] = [wasm];
  const standsForWasm = new Response();
  files.set(base + "pyodide.asm.wasm", Promise.resolve(standsForWasm));
  modules.set(standsForWasm, orNever(wasm)); // which also keeps the browser from reporting it, should it fail first
  const ours = query !== undefined || (await loader).version == PYODIDE.version;
  if (ours) {
    const library = file("edgetrace-stdlib.zip");
    const glue = mark("glue_ms", import(`${base}pyodide.asm.mjs${query ?? ""}`) as Promise<{ default: Create }>);
    const archive = mark("stdlib_ms", get(library));
    files.set(library, orNever(archive));
    options.stdLibURL = library;
    options.createPyodideModule = async (settings) => (await glue).default(settings);
    options.lockFileContents = { info: PYODIDE.info, packages: {} } as never;
    needed.push(archive, glue);
  }
  standIn();
  const started = mark("python_ms", loader.then(({ loadPyodide }) => loadPyodide(options)));
  const python = Promise.all([started, ...needed]).then(([python]) => python);
  return installAgent(python, file(ours ? "edgetrace-bytecode.zip" : "edgetrace-agent.zip"));
}

/** Puts the agent on Python's path, unless the page has installed it; zipimport reads it as it is. */
export async function installAgent(pyodide: Promise<PyodideAPI>, url: string): Promise<PyodideAPI> {
  const [python, archive] = await Promise.all([pyodide, get(url).then((answer) => answer.arrayBuffer())]);
  python.FS.writeFile(ARCHIVE, new Uint8Array(archive));
  const path = python.pyimport("sys").path;
  path.append(ARCHIVE);
  path.destroy();
  return python;
}
