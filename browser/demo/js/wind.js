// SPDX-License-Identifier: MIT OR Apache-2.0
// The wind page: today's chart, and the figures beside the scale.
import { read } from "./api.js";
import { draw } from "./chart.js";
import { find } from "./dom.js";
import { word } from "./format.js";
import { run } from "./site.js";

async function today() {
  const { hours } = await read("forecast?hours=24");
  const chart = find(".chart");
  chart.replaceChildren(draw(hours, chart.clientWidth));
}
async function now() {
  const wind = await read("wind");
  find("#now").textContent = `At the pier it blows ${wind.lull_knots} knots in the lulls and ${wind.gust_knots} in the gusts: a ${word(wind.lull_knots)} with a bite.`;
}
run(today(), now());
