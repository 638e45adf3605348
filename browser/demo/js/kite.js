// SPDX-License-Identifier: MIT OR Apache-2.0
// One kite: its cloth, its stock, its readers' words.
import { read } from "./api.js";
import { add } from "./bag.js";
import { all, find, make } from "./dom.js";
import { bar } from "./gauge.js";
import { run } from "./site.js";

const sail = find(".sail");
for (const choice of all(".cloths input")) {
  choice.addEventListener("change", () => sail.style.setProperty(`--sail-${choice.name}`, `var(--${choice.value})`));
}
find("#order").addEventListener("click", () => {
  add();
  find("#stock").textContent = "In your bag. It leaves the bench within two days.";
});

async function stock() {
  const kite = (await read("kites")).find(({ id }) => id === "sextant");
  find("#stock").textContent = `${kite.stock} sewn and on the rack.`;
  find(".spec .force").replaceWith(bar(kite.force_from, kite.force_to));
}
async function reviews() {
  const list = await read("reviews?kite=sextant&order=newest");
  find(".words").replaceChildren(...list.map(({ text, who }) => make("blockquote", {}, make("p", {}, text), make("cite", {}, who))));
}
run(stock(), reviews());
