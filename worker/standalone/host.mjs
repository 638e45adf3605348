// SPDX-License-Identifier: MIT OR Apache-2.0
// A JavaScript class for each Python class that the entry file exports; which events reach Python how is the
// native runtime's choice, event for event (cloudflare/workerd, src/pyodide/python-entrypoint-helper.ts).
import { DurableObject, WorkerEntrypoint, WorkflowEntrypoint } from "cloudflare:workers";
import { ready } from "./boot.mjs";
import { withoutPython } from "./fallback.mjs";

// Raw: JavaScript's own arguments, as many as the method takes. The rest get Python values, and answer with them.
const RAW = {
  WorkerEntrypoint: new Set(["connect"]),
  DurableObject: new Set(["connect", "alarm", "webSocketMessage", "webSocketClose", "webSocketError"]),
  WorkflowEntrypoint: new Set(["connect", "run"]),
};
const RELAXED = new Set(["fetch", "test"]);

async function construct(name, args) {
  const python = await ready();
  const make = python.module[name];
  if (typeof make !== "function") throw new TypeError(`There is no '${name}' class defined in the Python Worker's main module`);
  return { call: python.call, instance: make(...args) };
}

function wrap(Base, kind, name, methods) {
  const exported = class extends Base {
    constructor(...args) {
      super(...args);
      const made = construct(name, args);
      made.catch(() => {}); // told to whoever calls a method
      const env = this.env;
      const get = (target, method, receiver) => {
        if (typeof method !== "string") return Reflect.get(target, method, receiver);
        return async (...given) => {
          let python;
          try {
            python = await made;
          } catch (error) {
            if (method !== "fetch") throw error;
            return withoutPython(error, given[0], name === "Default" ? env : {});
          }
          const raw = RAW[kind].has(method);
          const pending = python.call(python.instance, method, raw || RELAXED.has(method), !raw, ...given);
          if (pending === undefined) throw new TypeError(`Method ${method} does not exist`);
          try {
            return await pending;
          } finally {
            pending.destroy();
          }
        };
      };
      return new Proxy(this, { get });
    }
  };
  // Never called, for the proxy is asked first: they tell the platform, at upload, which events are handled.
  for (const method of methods) exported.prototype[method] = () => {};
  return exported;
}

export const workerEntrypoint = (name, methods) => wrap(WorkerEntrypoint, "WorkerEntrypoint", name, methods);
export const durableObject = (name, methods) => wrap(DurableObject, "DurableObject", name, methods);
export const workflowEntrypoint = (name, methods) => wrap(WorkflowEntrypoint, "WorkflowEntrypoint", name, methods);

// Functions on_fetch, on_scheduled, … of the entry file; the native runtime has them where global handlers are on.
export function legacyHandlers(names) {
  const handler = (name) => async (...given) => {
    let python;
    try {
      python = await ready();
    } catch (error) {
      if (name !== "fetch") throw error;
      return withoutPython(error, given[0], given[1]);
    }
    const result = await python.module[`on_${name}`].callRelaxed(...given);
    return result?.js_response ?? result;
  };
  return Object.fromEntries(names.map((name) => [name, handler(name)]));
}
