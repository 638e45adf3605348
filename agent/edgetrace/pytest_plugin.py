# SPDX-License-Identifier: MIT OR Apache-2.0
"""pytest plugin `edgetrace`: the fixture `page_trace` gives a test the spans of a page load.

    def test_home_page(page_trace):
        trace = page_trace("http://localhost:8000/")
        assert trace.root.duration_ms < 2000
        assert not trace.errors

pytest loads plugins always, so what is heavy (Playwright, protobuf, an HTTP server) is imported
when the fixture is first used. Needs `pip install edgetrace[testing]` and a Chromium on PATH, or
named by EDGETRACE_CHROMIUM.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from edgetrace._page_trace.chrome import Chrome, Load, WaitUntil
    from edgetrace._page_trace.sink import Sink
    from edgetrace._page_trace.spans import PageTrace
    from edgetrace._page_trace.watch import Seen

__all__ = ["PageTracer"]

_TIMEOUT_S: Final = 30.0
# In a checkout `build.py bundle` writes dist/ two folders up; an installed wheel has none.
_CHECKOUT_DIST: Final = Path(__file__).resolve().parents[2] / "dist"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the fixture `page_trace`."""
    group = parser.getgroup("edgetrace", "edgetrace: spans of page loads")
    group.addoption(
        "--edgetrace-agent-url",
        metavar="URL",
        help="agent.js for pages that have no edgetrace tag of their own",
    )
    group.addoption(
        "--edgetrace-dist",
        metavar="FOLDER",
        help="the same from a folder with agent.js and what belongs to it (edgetrace's dist/)",
    )
    group.addoption(
        "--edgetrace-timeout",
        metavar="S",
        type=float,
        default=_TIMEOUT_S,
        help=f"how long page_trace waits for a page's spans (default: {_TIMEOUT_S:g})",
    )


class PageTracer:
    """What the fixture `page_trace` gives: call it with a URL."""

    def __init__(
        self, sink: Sink, chrome: Callable[[], Chrome], agent_url: str | None, timeout_s: float
    ) -> None:
        self._sink = sink
        self._chrome = chrome
        self._agent_url = agent_url
        self._timeout_s = timeout_s
        self._mailboxes = (f"page-{number}" for number in itertools.count(1))

    def __call__(
        self,
        url: str,
        *,
        ready: str | None = None,
        wait_until: WaitUntil | None = None,
        timeout_s: float | None = None,
        agent_url: str | None = None,
        context_options: Mapping[str, Any] | None = None,
        prepare: Callable[[Page], object] | None = None,
    ) -> PageTrace:
        """Load a page in a fresh headless Chromium context and return its trace.

        Args:
            url: Absolute.
            ready: A CSS selector; the load counts as over when something matches it.
            wait_until: Playwright's word for when the load is over; by default "load" if `ready`
                is given, else "networkidle".
            timeout_s: For all of it; by default what --edgetrace-timeout says, else 30.
            agent_url: agent.js for a page that has no tag of its own.
            context_options: For Playwright's `browser.new_context`: storage_state, viewport, …
            prepare: Called with the page before it goes to the URL, to log in for example. It runs
                in the browser's own thread.

        Raises:
            PageTraceError: There is no trace, or not all of it; says what was seen and what to do.
        """
        __tracebackhide__ = True
        from edgetrace._page_trace.chrome import Load
        from edgetrace._page_trace.errors import PageTraceError

        timeout_s = self._timeout_s if timeout_s is None else timeout_s
        mailbox = next(self._mailboxes)
        wanted = Load(
            url=url,
            endpoint=self._sink.endpoint(mailbox),
            agent_url=agent_url or self._agent_url,
            until=0.0,
            ready=ready,
            wait_until=wait_until or ("load" if ready else "networkidle"),
            context_options=context_options or {},
            prepare=prepare,
        )
        try:
            chrome = self._chrome()
            wanted.until = time.monotonic() + timeout_s  # the browser's own start does not count
            return self._trace(wanted, mailbox, chrome.load(wanted))
        except PageTraceError as error:
            # Where in Playwright it happened says nothing to the test's author.
            raise error.with_traceback(None) from None

    def _trace(self, wanted: Load, mailbox: str, seen: Seen) -> PageTrace:
        """Wait until the spans of the page load are there, and put them together."""
        from edgetrace._page_trace.spans import page_trace_of

        found: PageTrace | None = None

        def complete(spans: list[Any]) -> bool:
            nonlocal found
            found = page_trace_of(wanted.url, spans, seen.began_unix_ms)
            return found is not None and len(found.resources) >= len(seen.resources)

        if self._sink.wait_for(mailbox, complete, wanted.until) and found is not None:
            found.counters.update(seen.counters)
            return found
        requests = self._sink.received(mailbox)
        refused = [request.problem for request in requests if request.problem]
        got = f"{len(requests)} requests with {sum(len(r.spans) for r in requests)} spans came"
        if refused:
            got += f", {len(refused)} refused: {refused[0]}"
        if found is None:
            raise seen.failure(f"no documentLoad span of {wanted.url} came in time; {got}")
        urls = {span.url for span in found.resources}
        missing = [url for url in seen.resources if url not in urls]
        raise seen.failure(
            f"{len(found.resources)} of {len(seen.resources)} resources of {wanted.url} came in "
            f"time; {got}; not among them: {', '.join(missing[:5]) or '(repeated loads)'}"
        )


@pytest.fixture(scope="session")
def _edgetrace_chrome() -> Iterator[Callable[[], Chrome]]:
    """Starts the browser on first use; stops it at the end."""
    running: list[Chrome] = []

    def start() -> Chrome:
        from edgetrace._page_trace.chrome import Chrome, find_chromium

        if not running:
            running.append(Chrome(find_chromium()))
        return running[0]

    yield start
    for chrome in running:
        chrome.close()


@pytest.fixture(scope="session")
def page_trace(
    request: pytest.FixtureRequest, _edgetrace_chrome: Callable[[], Chrome]
) -> Iterator[PageTracer]:
    """`page_trace(url)` loads a page in headless Chromium and returns its spans."""
    try:
        import_module("playwright.sync_api")
        from edgetrace._page_trace.sink import Sink
    except ModuleNotFoundError as error:
        pytest.fail(
            f"page_trace needs {error.name}; pip install 'edgetrace[testing]'", pytrace=False
        )

    def option(name: str, default: Any = None) -> Any:
        # The options do not exist if the plugin was named in a test module's pytest_plugins.
        return request.config.getoption(name, default) or default

    asked = option("--edgetrace-dist")
    dist = Path(asked or _CHECKOUT_DIST)
    if asked and not (dist / "agent.js").is_file():
        pytest.fail(f"--edgetrace-dist: there is no agent.js in {dist}", pytrace=False)
    sink = Sink(dist if (dist / "agent.js").is_file() else None)
    own = f"{sink.url}/edgetrace/agent.js" if sink.files else None
    try:
        yield PageTracer(
            sink,
            _edgetrace_chrome,
            option("--edgetrace-agent-url") or own,
            option("--edgetrace-timeout", _TIMEOUT_S),
        )
    finally:
        sink.close()
