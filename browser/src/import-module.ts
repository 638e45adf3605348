// SPDX-License-Identifier: MIT OR Apache-2.0
// Firefox and WebKit hold a page's load event back for an `import()` that waits for its module, but not for a preload.
import { on } from "./guard";

/** Fetches first and imports then, at the load event at the latest. */
export const importModule = (href: string): Promise<any> =>
  new Promise((there) => {
    const preload = { rel: "modulepreload", href, onload: there, onerror: there };
    document.head.append(Object.assign(document.createElement("link"), preload));
    on("load", there);
  }).then(() => import(href));
