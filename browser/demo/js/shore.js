// SPDX-License-Identifier: MIT OR Apache-2.0
// The shore panel: every station is asked by itself, so a slow one or a dead one holds up no other.
import { read } from "./api.js";
import { all, make } from "./dom.js";
import { force, point } from "./format.js";
import { bar, vane } from "./gauge.js";

async function station(item) {
  const name = item.dataset.name;
  try {
    const report = await read(`stations/${item.dataset.station}`);
    item.dataset.state = "up";
    item.replaceChildren(
      vane(report.from_degrees),
      make("b", {}, name),
      make("span", { class: "gust number" }, `${point(report.from_degrees)} ${report.lull_knots} to ${report.gust_knots} kn`),
      bar(force(report.lull_knots), force(report.gust_knots)),
    );
  } catch {
    item.dataset.state = "down";
    item.replaceChildren(vane(0), make("b", {}, name), make("span", {}, "not answering"), make("span"));
  }
}

export const start = () => Promise.all(all("[data-station]").map(station));
