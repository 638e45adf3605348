// SPDX-License-Identifier: MIT OR Apache-2.0
// The keyboard reference and the one question that is asked before anything is deleted.

import { el } from "./dom.js";

const KEYS = [
  [["↑", "↓"], "Move through traces or spans"],
  [["→", "←"], "Open or close a span's children; first child, parent"],
  [["Enter"], "Open the trace; show the span's details"],
  [["Esc"], "Close details, then go back to the list"],
  [["Home", "End"], "First, last"],
  [["/"], "Filter"],
  [["e"], "Next span with an error"],
  [["c"], "Next span on the critical path"],
  [["+", "−"], "Zoom in and out around the selected span"],
  [["z"], "Zoom to the selected span"],
  [["0"], "Show the whole trace"],
  [["?"], "This help"],
];

function open(dialog) {
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // the backdrop
  });
  document.body.append(dialog);
  dialog.showModal();
}

export function showHelp() {
  const rows = KEYS.flatMap(([keys, meaning]) => [
    el("dt", {}, ...keys.map((key) => el("kbd", { text: key }))),
    el("dd", { text: meaning }),
  ]);
  open(el("dialog", { "aria-labelledby": "help-title" },
    el("h2", { id: "help-title", text: "Keys" }),
    el("dl", { class: "keys" }, ...rows),
    el("form", { method: "dialog", class: "actions" }, el("button", { class: "button", text: "Close", autofocus: true })),
  ));
}

export function confirm(title, text, action, onYes) {
  open(el("dialog", { "aria-labelledby": "ask-title" },
    el("h2", { id: "ask-title", text: title }),
    el("p", { class: "muted", text }),
    el("form", { method: "dialog", class: "actions" },
      el("button", { class: "button", text: "Keep them", autofocus: true }),
      el("button", { class: "button danger", text: action, onclick: onYes })),
  ));
}
