// SPDX-License-Identifier: MIT OR Apache-2.0
// What no runtime has taken over when the page goes away waits here for the next page view of the origin.
// A worker whose script has not arrived dies with its page, extended lifetime or not (Chromium 156, November 2026).
import { attempt } from "./guard";
import type { ToRuntime } from "./protocol";

const enum Item {
  KEY = "edgetrace",
}

export const forget = (): unknown => attempt(() => localStorage.removeItem(Item.KEY));

/** What any other script has put there is no message. */
const read = (): ToRuntime[] =>
  attempt(() => (JSON.parse(localStorage[Item.KEY] || "[]") as ToRuntime[]).filter((one) => one?.kind)) || [];

/** Takes what earlier page views left; it is the caller's now. */
export function restore(): ToRuntime[] {
  const messages = read();
  forget();
  return messages;
}

/** What others left when this page first saved, and what it saved. */
let base: ToRuntime[];
let saved = "";

/**
 * Adds what the page has told, in place of what it has saved so far, its questions left out, with its secrets taken out by `cover`;
 * the browser's quota is the limit. Written over in one step: a browser that closes a tab may end its page at any moment.
 */
export const save = (messages: readonly ToRuntime[], cover: (json: string) => string = String): unknown =>
  attempt(() => {
    if (!saved || localStorage[Item.KEY] != saved) base = read();
    saved = localStorage[Item.KEY] = cover(JSON.stringify([...base, ...messages.filter((one) => !("id" in one))]));
  });
