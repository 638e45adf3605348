// SPDX-License-Identifier: MIT OR Apache-2.0
// Who is looking: the same in every page of the browser, so the runtime asks for it, not the page.
import type { BrowserFacts } from "./protocol";

interface UserAgentData {
  mobile: boolean;
  platform: string;
  brands: { brand: string; version: string }[];
}

export function browserFacts(): BrowserFacts {
  const hints = (navigator as { userAgentData?: UserAgentData }).userAgentData;
  return {
    user_agent: navigator.userAgent,
    language: navigator.language,
    mobile: hints?.mobile ?? null,
    platform: hints?.platform ?? "",
    brands: (hints?.brands ?? []).map(({ brand, version }) => `${brand} ${version}`),
  };
}
