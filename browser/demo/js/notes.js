// SPDX-License-Identifier: MIT OR Apache-2.0
// The notes page: which other notes there are.
import { read } from "./api.js";
import { find, make } from "./dom.js";
import { run } from "./site.js";

async function others() {
  const notes = await read("notes");
  find(".more ul").replaceChildren(...notes.map(({ title, when }) => make("li", {}, title, make("span", {}, when))));
}
run(others());
