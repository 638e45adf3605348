// SPDX-License-Identifier: MIT OR Apache-2.0
// One hue per service, stable while the page is open and, but for collisions, between visits.

const HUES = [258, 162, 350, 215, 300, 30, 185, 140, 325, 240, 60, 280];
const assigned = new Map();

/** The hue (degrees, OKLCH) of a service: hashed, then moved on if another service has it. */
export function hueOf(service) {
  if (!assigned.has(service)) {
    let hash = 2166136261; // FNV-1a
    for (const char of service) hash = Math.imul(hash ^ char.codePointAt(0), 16777619) >>> 0;
    let index = hash % HUES.length;
    const taken = new Set(assigned.values());
    for (let tries = 0; tries < HUES.length && taken.has(HUES[index]); tries++) index = (index + 1) % HUES.length;
    assigned.set(service, HUES[index]);
  }
  return assigned.get(service);
}

export const PHASES = {
  queued: "Queued", redirect: "Redirect", dns: "DNS", connect: "Connect", tls: "TLS", waiting: "Waiting",
  download: "Download", parse: "Parse HTML", scripts: "Deferred scripts", ready: "DOMContentLoaded",
  resources: "Subresources", load: "Load event",
};
