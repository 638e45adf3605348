# SPDX-License-Identifier: MIT OR Apache-2.0
"""The JavaScript that `page_trace` runs in a page, as text.

A script element is changed between its insertion and its run: MutationObserver callbacks are
microtasks, and HTML has one such checkpoint before a parser-inserted script runs. Source: HTML,
"prepare the script element" and "execute the script element"; DOM, "queue a mutation record".
"""

from __future__ import annotations

import json
from typing import Final

_STATE: Final = "__edgetrace_page_trace"
# What could keep a trace from arriving, or give a secret away, is taken from the tag.
_TAKEN_AWAY: Final = (
    "baseEndpoint",
    "headers",
    "protocol",
    "sampler",
    "samplerArg",
    "sampleRatio",
)

_POINT: Final = """(({ endpoint, agentUrl, state, away }) => {
  const seen = (window[state] = { tags: [], injected: false });
  const isOurs = (tag) =>
    tag.src &&
    tag.matches('script[src*="/agent.js"], script[data-edgetrace], script[data-service-name]');
  const point = (tag) => {
    if (!isOurs(tag) || seen.tags.includes(tag.src)) return;
    seen.tags.push(tag.src);
    for (const name of away) delete tag.dataset[name];
    tag.dataset.endpoint = endpoint;
  };
  new MutationObserver((records) => {
    for (const { addedNodes } of records)
      for (const node of addedNodes) {
        if (node.localName === "script") point(node);
        else if (node.querySelectorAll) node.querySelectorAll("script[src]").forEach(point);
      }
  }).observe(document, { childList: true, subtree: true });
  if (!agentUrl || window !== window.top) return;
  document.addEventListener("DOMContentLoaded", () => {
    if (seen.tags.length) return;
    const tag = document.createElement("script");
    Object.assign(tag.dataset, { edgetrace: "", endpoint, serviceName: "page_trace" });
    tag.src = agentUrl;
    seen.injected = true;
    point(tag);
    document.head.append(tag);
  });
})"""

STATE: Final = f"() => window.{_STATE} ?? {{ tags: [], injected: false }}"
IS_THERE: Final = "() => typeof window.edgetrace?.flush === 'function'"
# The resources that the page itself asked for: the agent does not report its own files.
ACCOUNT: Final = f"""() => {{
  const tag = window.{_STATE}.tags[0];
  const ours = [new URL("edgetrace-", tag).href, new URL("pyodide/", tag).href];
  return {{
    origin: performance.timeOrigin,
    resources: performance.getEntriesByType("resource").map((entry) => entry.name)
      .filter((name) => name !== tag && !ours.some((start) => name.startsWith(start))),
  }};
}}"""
FLUSH: Final = """(wait_ms) => Promise.race([
  window.edgetrace.flush(),
  new Promise((resolve) => setTimeout(resolve, wait_ms)),
])"""


def point_tag_at(endpoint: str, agent_url: str | None) -> str:
    """What runs before a page's own scripts.

    Args:
        endpoint: What becomes of the tag's data-endpoint.
        agent_url: What a tag is made of in a page that has none; None leaves it without.
    """
    values = {
        "endpoint": endpoint,
        "agentUrl": agent_url,
        "state": _STATE,
        "away": _TAKEN_AWAY,
    }
    return f"{_POINT}({json.dumps(values)});"
