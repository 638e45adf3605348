// SPDX-License-Identifier: MIT OR Apache-2.0
// The JavaScript modules that the Workers SDK imports from Python: what the native runtime registers under the
// same names (cloudflare/workerd, src/pyodide/python-entrypoint-helper.ts).
import * as sockets from "cloudflare:sockets";
import * as workers from "cloudflare:workers";
import * as workflows from "workers-sdk/workflows.js";

// A Python awaitable lives only as long as the call that hands it over, so it is kept and freed here.
const keeping = (waitUntil) => (value) => {
  const kept = typeof value?.copy === "function" ? value.copy() : value;
  waitUntil((async () => {
    try {
      await kept;
    } finally {
      kept?.destroy?.();
    }
  })());
};

const patched = new WeakSet();
function patchWaitUntil(ctx) {
  const kind = Object.prototype.toString.call(ctx);
  if (kind !== "[object ExecutionContext]" || patched.has(ctx)) return;
  ctx.waitUntil = keeping(ctx.waitUntil.bind(ctx));
  patched.add(ctx);
}

const cloudflareWorkersModule = new Proxy(workers, {
  get: (target, name) => (name === "waitUntil" ? keeping(target.waitUntil) : Reflect.get(target, name)),
});

async function doAnImport(name) {
  if (name === "python_modules/workers/workflows.js") return workflows; // bundled, so it has no name of its own
  return name === "cloudflare:workers" ? cloudflareWorkersModule : import(name);
}

export const entrypointHelper = {
  doAnImport,
  cloudflareWorkersModule,
  cloudflareSocketsModule: sockets,
  workerEntrypoint: workers.WorkerEntrypoint,
  patchWaitUntil,
};

// Of the native runtime's flags those that the SDK reads, as a compatibility date of today sets them.
export const compatFlags = {
  python_no_global_handlers: true,
  python_request_headers_preserve_commas: true,
  python_workflows: true,
  python_workflows_implicit_dependencies: true,
};
