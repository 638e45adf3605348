// SPDX-License-Identifier: MIT OR Apache-2.0
// The shopping bag: a count that stays on this device.
import { find } from "./dom.js";

const count = () => Number(localStorage.getItem("bag") ?? 0);
export function show() {
  find(".bag output").value = String(count());
}
export function add() {
  localStorage.setItem("bag", String(count() + 1));
  show();
}
