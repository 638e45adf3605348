# SPDX-License-Identifier: MIT OR Apache-2.0
"""Where Python runs in these engines, what the counters say, and that stop() ends it."""

from __future__ import annotations

import pytest

from tests.browser.pages import html, resources, tag
from tests.browser.site import Site
from tests.browser.tab import Tab


def test_python_runs_in_a_shared_worker(tab: Tab, site: Site) -> None:
    """Two tabs at once, one start of Python; every entry and the page's own span are counted."""
    url = site.add("/", html(tag(), resources(3)))
    tab.visit(url)
    other = tab.page.context.new_page()
    other.goto(url)
    other.evaluate("edgetrace.span('work', { n: 1 }, () => 1)")
    tab.flush()
    other.evaluate("edgetrace.flush()")
    tab.wait_for(2 * 5 + 1)
    counters = tab.counters()
    assert (counters["runtime"], counters["state"]) == ("shared", "ready")
    assert counters["cause"] == "no extendedLifetime"
    assert (counters["boots"], counters["connections"]) == (1, 2)
    assert counters["ended"] == counters["exported"] == 11
    assert counters["failed_messages"] == 0
    assert counters["boot_ms"] > 0


def test_stop_leaves_nothing_for_the_next_view(
    tab: Tab, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Consent is withdrawn while the collector is busy: the next view has only itself to tell."""
    monkeypatch.setattr(site, "forward", lambda body, headers: (503, b"busy"))
    tab.visit(site.add("/", html(tag(), resources(3))))
    tab.flush()
    tab.page.evaluate("edgetrace.stop()")
    tab.visit(site.add("/next", html(tag())))
    monkeypatch.undo()  # not before: a try may have been on its way when it was stopped
    tab.flush()
    tab.wait_for(2)
    assert {span["attributes"]["url.full"] for span in tab.spans()} == {site.url + "/next"}
