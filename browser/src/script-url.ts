// SPDX-License-Identifier: MIT OR Apache-2.0
// Where the runtime can be, and the address that a worker's script may have there.

export type Where = "shared" | "dedicated" | "page" | "edge";

/** A worker's script must be of the page's origin: from another, a blob that imports it stands in, one per page view. */
export const script = (url: string): string =>
  new URL(url).origin == location.origin
    ? url
    : URL.createObjectURL(new Blob([`import ${JSON.stringify(url)}`], { type: "text/javascript" }));
