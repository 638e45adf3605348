// SPDX-License-Identifier: MIT OR Apache-2.0
// What Pyodide's own files see instead of these globals: bundle.mjs puts them into those two files alone.
// Under nodejs_compat there is a `process`, and Pyodide would take workerd for Node; there is no page location;
// and a module Worker's addEventListener may not be called once it runs. Nothing on globalThis is touched.
export const process = undefined;
export const location = undefined;
export const addEventListener = () => {};
