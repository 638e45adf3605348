# SPDX-License-Identifier: MIT OR Apache-2.0
"""Entries as browsers give them, by `toJSON()`, without the fields that are 0 or empty.

`chromium_*` were read from Chromium 156 on 127.0.0.1 (November 2026); the others follow the
specifications' rules for what that server cannot do: TLS, HTTP/2, service workers, prerendering.
"""

from __future__ import annotations

from edgetrace._entries import TimingEntry, entries_from_json

ORIGIN_UNIX_MS = 1795244139542.7
ORIGIN_UNIX_NANO = 1795244139542700000
NOW_UNIX_NANO = ORIGIN_UNIX_NANO + 3_600_000_000_000
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

chromium_navigation = {
    "name": "http://127.0.0.1:8761/",
    "entryType": "navigation",
    "duration": 665.6999999999534,
    "initiatorType": "navigation",
    "nextHopProtocol": "http/1.1",
    "renderBlockingStatus": "non-blocking",
    "contentType": "text/html",
    "redirectStart": 0,
    "fetchStart": 0.7999999998137355,
    "domainLookupStart": 0.7999999998137355,
    "domainLookupEnd": 0.7999999998137355,
    "connectStart": 0.7999999998137355,
    "connectEnd": 0.7999999998137355,
    "requestStart": 6.7999999998137355,
    "responseStart": 7.7999999998137355,
    "responseEnd": 9.699999999953434,
    "transferSize": 1147,
    "encodedBodySize": 847,
    "decodedBodySize": 3278,
    "responseStatus": 200,
    "domInteractive": 227.5999999998603,
    "domContentLoadedEventStart": 665.5,
    "domContentLoadedEventEnd": 665.5,
    "domComplete": 665.6999999999534,
    "loadEventStart": 665.6999999999534,
    "loadEventEnd": 665.6999999999534,
    "type": "navigate",
}
chromium_paint = {"name": "first-paint", "entryType": "paint", "startTime": 212.2}
chromium_contentful_paint = {
    "name": "first-contentful-paint",
    "entryType": "paint",
    "startTime": 228,
}
chromium_new_connection = {
    "name": "http://127.0.0.1:8761/assets/api/v1/cart-9b810e76.css",
    "entryType": "resource",
    "startTime": 32.0999999998603,
    "duration": 118.60000000009313,
    "initiatorType": "link",
    "nextHopProtocol": "http/1.1",
    "renderBlockingStatus": "blocking",
    "contentType": "text/css",
    "fetchStart": 32.0999999998603,
    "domainLookupStart": 45.199999999953434,
    "domainLookupEnd": 45.199999999953434,
    "connectStart": 45.199999999953434,
    "connectEnd": 57.0999999998603,
    "requestStart": 61.0999999998603,
    "responseStart": 146.0999999998603,
    "responseEnd": 150.69999999995343,
    "transferSize": 326,
    "encodedBodySize": 26,
    "decodedBodySize": 1868,
    "responseStatus": 200,
    "serverTiming": [
        {"name": "db", "duration": 12.3, "description": 'q, "x"; 100%'},
        {"name": "cache", "duration": 0, "description": "hit"},
        {"name": "miss", "duration": 0, "description": ""},
    ],
}
chromium_missing = {
    "name": "http://127.0.0.1:8761/missing?id=3",
    "entryType": "resource",
    "startTime": 219.19999999995343,
    "duration": 313.0999999998603,
    "initiatorType": "fetch",
    "nextHopProtocol": "http/1.1",
    "renderBlockingStatus": "non-blocking",
    "contentType": "text/plain",
    "fetchStart": 219.19999999995343,
    "domainLookupStart": 219.19999999995343,
    "domainLookupEnd": 219.19999999995343,
    "connectStart": 219.19999999995343,
    "connectEnd": 219.19999999995343,
    "requestStart": 489.39999999990687,
    "responseStart": 490.19999999995343,
    "responseEnd": 532.2999999998137,
    "transferSize": 302,
    "encodedBodySize": 2,
    "decodedBodySize": 2,
    "responseStatus": 404,
}
chromium_cached = {
    "name": "http://127.0.0.1:8761/favicon.ico",
    "entryType": "resource",
    "startTime": 184.4000000001397,
    "duration": 1.0999999998603016,
    "initiatorType": "other",
    "deliveryType": "cache",
    "renderBlockingStatus": "non-blocking",
    "contentType": "text/plain",
    "fetchStart": 184.4000000001397,
    "domainLookupStart": 184.4000000001397,
    "domainLookupEnd": 184.4000000001397,
    "connectStart": 184.4000000001397,
    "connectEnd": 184.4000000001397,
    "requestStart": 185,
    "responseStart": 185.10000000009313,
    "firstInterimResponseStart": 185.10000000009313,
    "responseEnd": 185.5,
    "encodedBodySize": 35,
    "decodedBodySize": 7969,
    "responseStatus": 200,
    "serverTiming": [{"name": "traceparent", "duration": 0, "description": TRACEPARENT}],
}
chromium_memory_cached = {
    **chromium_cached,
    "duration": 0,
    "requestStart": 184.4000000001397,
    "responseStart": 184.4000000001397,
    "firstInterimResponseStart": 0,
    "responseEnd": 184.4000000001397,
}
chromium_opaque = {
    "name": "http://127.0.0.1:8762/x.png",
    "entryType": "resource",
    "startTime": 34.39999999990687,
    "duration": 86.69999999995343,
    "initiatorType": "img",
    "renderBlockingStatus": "non-blocking",
    "fetchStart": 34.39999999990687,
    "responseEnd": 121.0999999998603,
}
h2_with_early_hints = {
    "name": "https://shop.example/app.js",
    "entryType": "resource",
    "startTime": 20.5,
    "duration": 79.5,
    "initiatorType": "script",
    "nextHopProtocol": "h2",
    "renderBlockingStatus": "non-blocking",
    "fetchStart": 20.5,
    "domainLookupStart": 21,
    "domainLookupEnd": 30,
    "connectStart": 30,
    "secureConnectionStart": 40,
    "connectEnd": 55,
    "requestStart": 55.2,
    "firstInterimResponseStart": 60,
    "responseStart": 60,
    "responseEnd": 100,
    "transferSize": 10300,
    "encodedBodySize": 10000,
    "decodedBodySize": 10000,
    "responseStatus": 200,
    "serverTiming": [{"name": "traceparent", "duration": 0, "description": TRACEPARENT}],
}
redirected = {
    **h2_with_early_hints,
    "startTime": 2,
    "redirectStart": 2,
    "redirectEnd": 20.5,
    "duration": 98,
}
service_worker = {
    "name": "https://shop.example/offline.js",
    "entryType": "resource",
    "startTime": 10,
    "duration": 8,
    "initiatorType": "script",
    "workerStart": 11,
    "fetchStart": 12,
    "responseStart": 15,
    "responseEnd": 18,
    "decodedBodySize": 500,
    "responseStatus": 200,
}
failed = {
    "name": "https://gone.example/x",
    "entryType": "resource",
    "startTime": 50,
    "duration": 25,
    "initiatorType": "fetch",
    "fetchStart": 50,
}
prerendered = {
    **chromium_navigation,
    "name": "https://shop.example/next",
    "activationStart": 1200.25,
    "deliveryType": "navigational-prefetch",
}
redirected_navigation = {
    **chromium_navigation,
    "redirectStart": 0.3,
    "redirectEnd": 0.75,
    "redirectCount": 2,
    "unloadEventStart": 17.4,
    "unloadEventEnd": 17.6,
}
left_early = {
    name: value
    for name, value in chromium_navigation.items()
    if name not in ("loadEventStart", "loadEventEnd", "domComplete", "domContentLoadedEventEnd")
}
coarse_clock = {
    **chromium_navigation,
    **dict.fromkeys(("fetchStart", "domainLookupStart", "domainLookupEnd"), 0),
    **dict.fromkeys(("connectStart", "connectEnd", "requestStart"), 0),
    "responseStart": 16.7,
    "responseEnd": 33.3,
}
restored = {
    "name": "https://shop.example/back?token=1",
    "entryType": "restore",
    "startTime": 90_000.5,
    "responseEnd": 90_016.25,
}
announced = {"name": "https://shop.example/", "entryType": "navigation", "fetchStart": 1}


def entry(sample: dict[str, object], **changes: object) -> TimingEntry:
    """A sample as the agent reads it, changed."""
    entries, malformed = entries_from_json([{**sample, **changes}])
    assert not malformed
    return entries[0]
