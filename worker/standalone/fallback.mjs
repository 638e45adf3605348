// SPDX-License-Identifier: MIT OR Apache-2.0
// A request whose Python could not be started: to the origin as it came, where there is one, so the site stays up.
const RETRY_AFTER_S = "1";

function atOrigin(request, origin) {
  const base = new URL(origin);
  const asked = new URL(request.url);
  asked.protocol = base.protocol;
  asked.host = base.host;
  asked.port = base.port; // setting `host` to one without a port keeps the old port
  asked.pathname = base.pathname.replace(/\/$/, "") + asked.pathname;
  return new Request(asked, request);
}

export async function withoutPython(error, request, env) {
  console.error(`edgetrace: Python did not start: ${error?.stack ?? error}`);
  if (env?.ORIGIN && env.EDGETRACE_BOOT_FALLBACK !== "503") {
    try {
      return await fetch(atOrigin(request, env.ORIGIN), { redirect: "manual" });
    } catch (failure) {
      console.error(`edgetrace: nor did the origin answer: ${failure}`);
    }
  }
  const headers = { "Retry-After": RETRY_AFTER_S, "Cache-Control": "no-store", "Content-Type": "text/plain; charset=utf-8" };
  return new Response("Service unavailable: Python could not be started.\n", { status: 503, headers });
}
