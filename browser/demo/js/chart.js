// SPDX-License-Identifier: MIT OR Apache-2.0
// Draws lull and gust over the day as a band: its width is how unsteady the wind is.
import { make } from "./dom.js";

const HEIGHT = 300, LEFT = 34, RIGHT = 52, BOTTOM = 268, TOP = 10;

/** `width` in CSS pixels, so that text keeps its size on a narrow screen. */
export function draw(hours, width) {
  const peak = 40;
  const x = (index) => LEFT + (index / (hours.length - 1)) * (width - LEFT - RIGHT);
  const y = (knots) => BOTTOM - (knots / peak) * (BOTTOM - TOP);
  const line = (key) => hours.map((hour, index) => `${index ? "L" : "M"}${x(index).toFixed(1)} ${y(hour[key]).toFixed(1)}`).join("");
  const back = hours.map((hour, index) => `L${x(index).toFixed(1)} ${y(hour.lull_knots).toFixed(1)}`).reverse().join("");
  const last = hours.at(-1);
  const svg = make("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": "Lull and gust in knots, hour by hour, today" });
  for (let knots = 0; knots <= peak; knots += 10) {
    svg.append(
      make("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(knots), y2: y(knots) }),
      make("text", { x: LEFT - 10, y: y(knots) + 5, "text-anchor": "end" }, String(knots)),
    );
  }
  hours.forEach((hour, index) => {
    if (index % (width < 560 ? 8 : 4) === 0) svg.append(make("text", { x: x(index), y: HEIGHT - 8, "text-anchor": "middle" }, `${hour.hour}:00`));
  });
  svg.append(
    make("path", { class: "between", d: `${line("gust_knots")}${back}Z` }),
    make("path", { class: "gusts", d: line("gust_knots") }),
    make("path", { class: "lulls", d: line("lull_knots") }),
    make("text", { class: "tag g", x: x(hours.length - 1) + 10, y: y(last.gust_knots) + 5 }, "gust"),
    make("text", { class: "tag l", x: x(hours.length - 1) + 10, y: y(last.lull_knots) + 5 }, "lull"),
  );
  return svg;
}
