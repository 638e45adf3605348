// SPDX-License-Identifier: MIT OR Apache-2.0
// The shop front: what the wind is now, what is in stock, and the filter by wind.
import { read } from "./api.js";
import { all, find, make } from "./dom.js";
import { force, point, word } from "./format.js";
import { bar, vane } from "./gauge.js";
import { run } from "./site.js";

async function now() {
  const wind = await read("wind");
  find(".now").replaceChildren(
    vane(wind.from_degrees),
    make("p", { class: "plain" }, make("b", {}, `${point(wind.from_degrees)} ${wind.lull_knots} to ${wind.gust_knots} knots`), ` off the pier: ${word(wind.lull_knots)}, so take the ${wind.advice}.`),
  );
  return force(wind.gust_knots);
}

async function stock() {
  const kites = await read("kites");
  for (const kite of kites) {
    const card = find(`[data-kite="${kite.id}"]`);
    find(".stock", card).textContent = kite.stock > 3 ? "in stock" : kite.stock ? `${kite.stock} left` : "in three weeks";
    find(".force", card).replaceWith(bar(kite.force_from, kite.force_to));
  }
}

for (const choice of all(".chips input")) {
  choice.addEventListener("change", () => {
    const [low, high] = choice.value.split("-").map(Number);
    for (const card of all("[data-kite]")) {
      card.hidden = Number(card.dataset.from) > high || Number(card.dataset.to) < low;
    }
  });
}
run(now(), stock());
