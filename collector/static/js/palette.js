// SPDX-License-Identifier: MIT OR Apache-2.0
// One hue per service, out of a family for where it ran: edge orange, browser blue, which stay apart
// for every kind of colour vision; others in between. The mark's shape and a word say the same.

const FAMILIES = { edge: [55, 80, 30], browser: [258, 240, 275], "": [162, 350, 300, 185, 140, 325, 215] };
const hues = new Map(); // service -> hue
const known = new Map(); // service -> place

export const PLACES = { edge: "edge", browser: "browser" };

/** Remember where services ran: {service: "edge" | "browser" | ""}, as the API has it. */
export function learn(places) {
  for (const [service, place] of Object.entries(places)) {
    if (!place || known.get(service) === place) continue;
    known.set(service, place);
    hues.delete(service);
  }
}

export const placeOf = (service) => known.get(service) ?? "";

/** The hue (degrees, OKLCH) of a service, the same while the page is open. */
export function hueOf(service) {
  if (!hues.has(service)) hues.set(service, choose(service));
  return hues.get(service);
}

function choose(service) {
  const family = FAMILIES[placeOf(service)] ?? FAMILIES[""];
  const taken = new Set(hues.values());
  // A family's first hue is the usual one; without a place it is hashed, so that visits agree.
  let index = placeOf(service) ? 0 : hash(service) % family.length;
  for (let tries = 0; tries < family.length && taken.has(family[index]); tries++) index = (index + 1) % family.length;
  return family[index];
}

function hash(text) {
  let value = 2166136261; // FNV-1a
  for (const char of text) value = Math.imul(value ^ char.codePointAt(0), 16777619) >>> 0;
  return value;
}

/** Attributes for an element that stands for a service: its colour and its shape. */
export const looks = (service) => ({ style: { "--hue": hueOf(service) }, data: { place: placeOf(service) } });

export const PHASES = {
  queued: "Queued", redirect: "Redirect", dns: "DNS", connect: "Connect", tls: "TLS", waiting: "Waiting",
  download: "Download", parse: "Parse HTML", scripts: "Deferred scripts", ready: "DOMContentLoaded",
  resources: "Subresources", load: "Load event",
};
