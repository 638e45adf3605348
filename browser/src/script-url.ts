// SPDX-License-Identifier: MIT OR Apache-2.0
// Where the runtime can be, and the address that a worker's script may have there.

import { attempt } from "./guard";

export type Where = "shared" | "dedicated" | "page" | "edge";

interface Policy {
  createScriptURL(url: string): string;
}
const types = (self as { trustedTypes?: { createPolicy(name: string, rules: Policy): Policy } }).trustedTypes;

/** For pages that demand Trusted Types, by a policy `edgetrace`; where none of that name is allowed, workers are refused. */
const trusted = (url: string): string =>
  attempt(() => types?.createPolicy("edgetrace", { createScriptURL: () => url }).createScriptURL(url)) || url;

/** A worker's script must be of the page's origin: from another, a blob that imports it stands in, one per page view. */
export const script = (url: string): string =>
  trusted(
    url.startsWith(location.origin + "/")
      ? url
      : URL.createObjectURL(new Blob([`import ${JSON.stringify(url)}`], { type: "text/javascript" })),
  );
