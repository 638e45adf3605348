// SPDX-License-Identifier: MIT OR Apache-2.0
// The frame: which view the address names, live updates, and the keys that work everywhere.
//   #/                          the list
//   #/trace/<id>[/<span id>]    one trace, perhaps with a span selected

import { follow } from "./api.js";
import { showHelp } from "./help.js";
import { ListView } from "./list.js";
import { TraceView } from "./trace.js";

const main = document.getElementById("main");
const crumbs = document.getElementById("crumbs");
const live = document.getElementById("live");
const STATES = { live: "live", lost: "reconnecting", paused: "paused" };

let view = null;
let lastTraceId = "";

function route() {
  const match = /^#\/trace\/([0-9a-f]{32})(?:\/([0-9a-f]{16}))?$/i.exec(location.hash);
  const traceId = match?.[1].toLowerCase();
  if (traceId && view instanceof TraceView && view.traceId === traceId) {
    view.select(match[2]);
    return;
  }
  view?.leave();
  main.replaceChildren();
  if (traceId) {
    lastTraceId = traceId;
    view = new TraceView(main, crumbs, traceId, match[2]);
  } else {
    crumbs.replaceChildren();
    document.title = "Traces · edgetrace collector";
    view = new ListView(main, lastTraceId);
  }
  view.refresh();
}

addEventListener("hashchange", route);
route();
follow(() => view.refresh(), (state) => {
  live.dataset.state = state;
  live.textContent = STATES[state];
});

document.getElementById("help-button").addEventListener("click", showHelp);
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the hash is the route
  main.focus();
});
addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  const typing = event.target.matches?.("input, textarea, select");
  if (event.key === "Escape") {
    if (typing) event.target.blur();
    view.escape?.(typing);
    return;
  }
  if (typing) return;
  if (event.key === "?") showHelp();
  else if (event.key === "/") view.focusSearch();
  else if (!view.key?.(event)) return;
  event.preventDefault();
});
