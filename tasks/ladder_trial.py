# SPDX-License-Identifier: MIT OR Apache-2.0
"""One page view, its end, the next page view: how much of what the browser reported has arrived.

The page says itself, when it goes, what entries it has; a page that is killed is asked before. Each
trial has a profile of its own, so Python starts anew in it.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, NamedTuple
from uuid import uuid4

from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from collector.server import Collector, serve_in_thread
from tasks import chromium
from tasks.console import note
from tasks.ladder_cells import End, Rung
from tasks.ladder_front import Front
from tests.browser.pages import html, resources, tag
from tests.browser.site import Site

COUNT: Final = 60
PREFLIGHT_S: Final = 0.1
DOCUMENTS: Final = ("documentLoad", "documentFetch")
"""Spans of a page view that are of no resource."""
AGAIN: Final = "again: "
"""Before what a second view of the page has to give."""
PATIENCE_S: Final = 20.0
TRIES: Final = 4
REPORT_S: Final = 5.0
"""A page that goes reports at once; one that is killed instead never does."""
WAIT: Final = "new Promise(done => setTimeout(done, 2000))"
SILENCE_S: Final = 5.1
"""browser/src/shelf.ts: how long a page that may live is left to itself."""
REPORTS: Final = "/reported/"
NAMES: Final = """performance.getEntriesByType("resource").map(entry => entry.name)
  .filter(name => /\\/r\\/\\d+\\./.test(name))"""
TELL: Final = f"""<script>
  const told = () => {{ localStorage.told = true }};
  for (const type of ["pagehide", "visibilitychange"]) addEventListener(type, told, true);
  addEventListener("pagehide", () => navigator.sendBeacon("{REPORTS}", JSON.stringify({NAMES})));
  addEventListener("pageshow", event => {{ window.persisted = event.persisted }});
</script>"""
HIDE: Final = """
  Object.defineProperty(document, "visibilityState", {value: "hidden", configurable: true});
  document.dispatchEvent(new Event("visibilitychange", {bubbles: true}));"""
"""A tab is hidden before it is frozen; a headless one has to be told."""
FRAMES: Final = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""A page that came back is a view from its first frame on."""
GO: Final = {
    "dcl": "document.addEventListener('DOMContentLoaded', () => { location.href = '/next' })",
    "load": "addEventListener('load', () => { location.href = '/next' })",
    "soon": "addEventListener('load', () => setTimeout(() => { location.href = '/next' }, 500))",
    "later": "addEventListener('load', () => setTimeout(() => { location.href = '/next' }, 2000))",
}


class Untold(Exception):
    """The page was not told that it ends: a busy browser kills what does not answer in time."""


class Outcome(NamedTuple):
    """Of one trial: spans that had to arrive, that did, and that did twice, alike or not.

    A browser may begin a view more than it was asked for: it takes a page out of the back/forward
    cache, then loads it. So what has to arrive is looked for by its name, view by view.
    """

    reported: int
    delivered: int
    duplicates: int
    differing: int


class Pages(Site):
    """The origin of the pages; it hears what they report when they go.

    Attributes:
        trial: Which it is: what an earlier one says or delivers late is not this one's.
        reported: The entries that they had.
        told: Set once one has reported.
    """

    def __init__(self, collector_url: str) -> None:
        super().__init__(collector_url)
        self.trial = ""
        self.reported: list[str] = []
        self.told = threading.Event()
        pages, other = self, self._server.RequestHandlerClass

        class Handler(other):  # type: ignore[misc, valid-type]
            def do_POST(self) -> None:
                if not self.path.startswith(REPORTS):
                    return super().do_POST()
                names = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path == REPORTS + pages.trial:
                    pages.reported += names
                    pages.told.set()
                return None

        self._server.RequestHandlerClass = Handler

    def begin(self) -> None:
        """Another trial."""
        self.trial = str(uuid4())
        self.reported.clear()
        self.told.clear()


class Trials:
    """A collector, two origins and a browser, for as many trials as are wanted."""

    def __init__(self, browser: Browser, collector: Collector) -> None:
        self._browser, self._store = browser, collector.store
        self._pages = Pages(collector.url)
        self._front = Front(collector.url, PREFLIGHT_S)

    def close(self) -> None:
        """Free the ports."""
        self._pages.close()
        self._front.close()

    def run(self, rung: Rung, end: End, count: int = COUNT) -> Outcome:
        """Do one, and another in its place as long as the browser kills the page without a word.

        Raises:
            Untold: It always does.
        """
        for _ in range(TRIES):
            with contextlib.suppress(Untold):
                return self._run(rung, end, count)
            note(f"{rung.name}, {end.name}, again: a page was killed without a word")
        raise Untold(f"{rung.name}, {end.name}: pages are killed without a word")

    def _run(self, rung: Rung, end: End, count: int) -> Outcome:
        self._store.clear()
        self._front.forget()
        self._pages.begin()
        options = {"endpoint": self._front.endpoint}
        if rung.capabilities:
            options["debug_capabilities"] = rung.capabilities
        script = f"<script>{GO.get(end.name, '')}</script>"
        trial = self._pages.trial
        head = tag(**options) + TELL.replace(REPORTS, REPORTS + trial)
        url = self._pages.add(f"/page/{trial}", html(head, script + resources(count)))
        following = self._pages.add("/next", html(tag(**options)))
        context = self._browser.new_context()
        context.set_default_timeout(60_000)
        try:
            context.new_page()  # keeps the profile when the other is gone
            names = _leave(context, end, url, following)
            if end.silent:
                threading.Event().wait(SILENCE_S)
            else:
                self._pages.told.wait(REPORT_S)
            return self._settle(context, rung, end, names, url, following)
        finally:
            context.close()

    def _settle(
        self,
        context: BrowserContext,
        rung: Rung,
        end: End,
        names: list[str],
        url: str,
        following: str,
    ) -> Outcome:
        """Visit the next page and wait for what is missing."""

        def expected() -> Counter[str]:
            every = {*names, *self._pages.reported, *DOCUMENTS}
            return Counter(name.removeprefix(AGAIN) for name in every)

        def missing() -> int:
            return (expected() - Counter(self._arrived(url).values())).total()

        if rung.sends:
            page = context.new_page()
            page.goto(following)
            page.evaluate("edgetrace.flush()")
            with contextlib.suppress(TimeoutError):
                self._store.wait_for(lambda _: not missing(), PATIENCE_S)
            if missing() and end.told and not page.evaluate("'told' in localStorage"):
                raise Untold
        front, due, arrived = self._front, expected(), self._arrived(url)
        delivered = (due & Counter(arrived.values())).total()
        anew = len(arrived) - len({entry[1:] for entry in arrived})
        return Outcome(due.total(), delivered, front.duplicates, front.differing + anew)

    def _arrived(self, url: str) -> dict[tuple[str, str, str, int], str]:
        """Of the page's views, what each span is of, by its id, its trace, its name and its start.

        The same entry under another id would be what no backend can tell from two.
        """
        spans = self._store.spans()
        traces = {
            span["trace_id"]
            for span in spans
            if span["name"] == "documentLoad" and span["attributes"].get("url.full") == url
        }
        found = {}
        for span in spans:
            if span["trace_id"] in traces:
                name = span["name"]
                of = span["attributes"]["url.full"] if name == "resourceFetch" else name
                found[span["span_id"], span["trace_id"], of, span["start_unix_nano"]] = of
        return found


@contextlib.contextmanager
def trials() -> Iterator[Trials]:
    """A browser and a collector, as long as they are needed."""
    with serve_in_thread() as collector, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.path(),
            args=list(chromium.PLAYWRIGHT_FLAGS),
            ignore_default_args=["--disable-back-forward-cache"],
        )
        running = Trials(browser, collector)
        try:
            yield running
        finally:
            browser.close()
            running.close()


def _leave(context: BrowserContext, end: End, url: str, following: str) -> list[str]:
    """Visit the page and have it end; what of it has to arrive, beside its documents."""
    page = context.new_page()
    if end.name in GO:
        page.goto(url, wait_until="commit")
        page.wait_for_url("**/next")
        return []
    page.goto(url)
    names: list[str] = page.evaluate(NAMES)
    if end.name == "bfcache":
        page.goto(following)
        page.go_back(wait_until="commit")
        page.wait_for_function("window.persisted !== undefined")
        page.evaluate(FRAMES)
        # A view of its own: from the cache one documentLoad, else all of it again.
        again = [] if page.evaluate("persisted") else [*page.evaluate(NAMES), "documentFetch"]
        names += [AGAIN + name for name in [*again, "documentLoad"]]
        page.goto("about:blank")
    elif end.name == "close":
        page.close()
    elif end.name == "frozen":
        page.evaluate(HIDE)
        page.evaluate(WAIT)
        with _debugger(context, page) as cdp:
            cdp.send("Page.setWebLifecycleState", {"state": "frozen"})
        _crash(page)
    elif end.name == "worker":
        page.evaluate(WAIT)
        _kill_workers(context, page)
        page.goto("about:blank")
    elif end.name == "killed":
        page.evaluate(WAIT)
        _crash(page)
    return names


@contextlib.contextmanager
def _debugger(context: BrowserContext, page: Page) -> Iterator[Any]:
    session = context.new_cdp_session(page)
    try:
        yield session
    finally:
        with contextlib.suppress(Error):
            session.detach()


def _crash(page: Page) -> None:
    """The process is gone from one moment to the next; no event tells the page."""
    with page.expect_event("crash"), contextlib.suppress(Error):
        page.goto("chrome://crash")
    page.close()


def _kill_workers(context: BrowserContext, page: Page) -> None:
    for worker in page.workers:
        worker.evaluate("self.close()")
    browser = context.browser
    assert browser
    session = browser.new_browser_cdp_session()
    for target in session.send("Target.getTargets")["targetInfos"]:
        if target["type"] == "shared_worker":
            session.send("Target.closeTarget", {"targetId": target["targetId"]})
    session.detach()
