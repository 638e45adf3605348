// SPDX-License-Identifier: MIT OR Apache-2.0
// What Pyodide's own files see instead of these globals: bundle.mjs puts them into those two files alone.
// Under nodejs_compat there is a `process`, and Pyodide would take workerd for Node; there is no page location;
// a module Worker's addEventListener may not be called once it runs; and what it would fetch, it is given (see
// pyodide.mjs). Nothing on globalThis is touched.
export const process = undefined;
export const location = undefined;
export const addEventListener = () => {};
export const fetch = async () => new Response();

// Module scope has no entropy. Python takes some for its hash seed while it starts, and may have zeros, as the
// native runtime's hash seed is constant too; whatever asks later is told the platform's own error.
const real = globalThis.crypto;
let starting = false;
export const crypto = {
  subtle: real.subtle,
  getRandomValues: (array) => (starting ? array.fill(0) : real.getRandomValues(array)),
};
export async function withoutEntropy(start) {
  starting = true;
  try {
    return await start();
  } finally {
    starting = false;
  }
}
