# SPDX-License-Identifier: MIT OR Apache-2.0
"""browser/src/held-*.ts and shelf.ts where it is close: what is let go of, and what is not."""

from __future__ import annotations

import pytest

from tasks.ladder_cells import DEDICATED
from tasks.ladder_trial import FRAMES, HIDE
from tests.browser.pages import html, resources, tag
from tests.browser.site import Site
from tests.browser.tab import Tab

OPTIONS = {"debug_capabilities": DEDICATED}
DEAF = """
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message, ...rest) {
    if (message.kind == "answer") window.answered = true;
    else post.call(this, message, ...rest);
  };"""
"""A worker to which no answer has come yet."""
SLOW = """
  const post = Worker.prototype.postMessage;
  window.workers = [];
  Worker.prototype.postMessage = function (message, ...rest) {
    if (!workers.includes(this)) workers.push(this);
    if (this == workers[0] && /boot|leave|flush/.test(message.kind)) return;
    post.call(this, message, ...rest);
  };
  addEventListener("pageshow", event => { window.persisted = event.persisted });"""
"""A worker that does not come to start Python; any other does."""
REMOVALS = """
  const remove = Storage.prototype.removeItem;
  window.removals = [];
  Storage.prototype.removeItem = function (key) {
    removals.push([key, ...Object.keys(localStorage)]);
    remove.call(this, key);
  };"""
"""What is erased from storage, each time, and all that is there."""
SECRET_LIKE = "eyJ" + "hbGciOiJIUzI1NiJ9" + "A" * 8


@pytest.fixture
def refusing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first request is too large for the endpoint."""
    forward = site.forward
    refused: list[bytes] = []

    def first(body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        if refused:
            return forward(body, headers)
        refused.append(body)
        return 413, b""

    monkeypatch.setattr(site, "forward", first)


@pytest.mark.usefixtures("refusing")
def test_a_request_that_was_too_large_is_kept_until_its_halves_are_there(
    tab: Tab, site: Site
) -> None:
    """The worker dies with the page before it has made halves: the next page view sends all."""
    tab.page.add_init_script(DEAF)
    tab.visit(site.add("/", html(tag(**OPTIONS), resources(3))))
    tab.page.wait_for_function("window.answered")
    tab.visit(site.add("/next", html(tag(**OPTIONS))))
    tab.wait_for(5 + 2)
    assert len(tab.spans("resourceFetch")) == 3


@pytest.mark.usefixtures("refusing")
def test_a_request_whose_halves_are_there_is_let_go_of(tab: Tab, site: Site) -> None:
    """Both were delivered: nothing waits for the next page view."""
    tab.visit(site.add("/", html(tag(**OPTIONS), resources(3))))
    counters = tab.flush()
    assert (counters["held_requests"], counters["exported"]) == (3, 5)
    tab.visit(site.add("/plain", html()))
    assert tab.page.evaluate("localStorage.length") == 0


def test_a_page_that_lives_takes_what_another_leaves(tab: Tab, site: Site) -> None:
    """A page may go while the next one starts already: what it leaves is taken all the same."""
    url = site.add("/", html(tag(**OPTIONS), resources(3)))
    heir = Tab(tab.page.context.new_page(), tab.store)
    heir.visit(site.add("/heir", html(tag(**OPTIONS))))
    heir.flush()
    tab.visit(url)
    tab.page.wait_for_function("edgetrace.counters().then(all => 'held_messages' in all)")
    tab.visit(site.add("/plain", html()))
    tab.wait_for(5 + 2)
    assert len(tab.spans("documentLoad")) == 2
    heir.page.wait_for_function("localStorage.length == 0")
    counters = heir.flush()
    assert counters["held_messages"] == 0


def test_what_waits_is_in_storage_at_every_moment(tab: Tab, site: Site) -> None:
    """A tab that is closed may end between any two steps: the new is there before the old goes."""
    site.broken.add("/v1/traces")
    tab.visit(site.add("/", html(tag(**OPTIONS), resources(3))))
    tab.flush()
    tab.visit(site.add("/plain", html()))
    (left,) = tab.page.evaluate("Object.keys(localStorage)")
    tab.page.add_init_script(REMOVALS)
    tab.visit(site.add("/next", html(tag(**OPTIONS))))
    assert tab.flush()["restored"] == 1
    tab.page.evaluate(HIDE)
    (erased,) = (keys for keys in tab.page.evaluate("removals") if keys[0] != "edgetrace")
    assert erased[0] == left
    assert len(erased) == 1 + 2


def test_a_worker_without_python_does_not_wait_in_the_back_forward_cache(
    tab: Tab, site: Site
) -> None:
    """Chromium 156 may crash with it; another one is told all of it, if the page comes back."""
    tab.page.add_init_script(SLOW)
    tab.visit(site.add("/", html(tag(**OPTIONS), resources(3))))
    tab.page.wait_for_function("edgetrace.counters().then(all => all.held_messages > 0)")
    tab.visit(site.add("/plain", html()))
    tab.page.go_back(wait_until="commit")
    tab.page.wait_for_function("window.persisted")
    tab.page.evaluate(FRAMES)
    tab.flush()
    assert tab.page.evaluate("workers.length") == 2
    assert len(tab.spans("documentLoad")) == 2
    assert len(tab.spans()) == 5 + 1
    assert tab.page.evaluate("localStorage.length") == 0


def test_nothing_starts_again_for_a_stopped_page_that_comes_back(tab: Tab, site: Site) -> None:
    """Consent withdrawn before Python ran stays withdrawn behind the back/forward cache."""
    tab.page.add_init_script(SLOW)
    tab.visit(site.add("/", html(tag(**OPTIONS), resources(3))))
    tab.page.wait_for_function("edgetrace.counters().then(all => all.held_messages > 0)")
    tab.page.evaluate("edgetrace.stop()")
    tab.visit(site.add("/plain", html()))
    tab.page.go_back(wait_until="commit")
    tab.page.wait_for_function("window.persisted")
    tab.page.evaluate(FRAMES)
    assert tab.counters()["runtime"] == "none"
    assert tab.page.evaluate("workers.length") == 1


def test_a_compressed_body_is_no_secret_whatever_it_looks_like(tab: Tab, site: Site) -> None:
    """What looks like a token is taken out of words that wait in storage, not out of gzip."""
    site.broken.add("/v1/traces")
    tab.visit(site.add("/", html(tag(**OPTIONS, headers="authorization=Bearer abc"))))
    tab.flush()
    plain = site.add("/plain", html())
    tab.visit(plain)
    change = """body => {
      for (const [key, text] of Object.entries(localStorage))
        localStorage[key] = text.replace(/"body":"[^"]+"/, `"body":"${body}"`);
    }"""
    tab.page.evaluate(change, SECRET_LIKE)
    tab.visit(site.add("/next", html(tag(**OPTIONS, headers="authorization=Bearer abc"))))
    assert tab.flush()["restored"] == 1
    tab.visit(plain)
    kept = tab.page.evaluate("Object.values(localStorage).join()")
    assert f'"body":"{SECRET_LIKE}"' in kept
    assert "Bearer abc" not in kept


def test_rows_are_kept_until_the_documents_are_out(tab: Tab, site: Site) -> None:
    """A load that is left ends with the last row, whoever is told of it: another runtime, too."""
    held = f'<img src="{site.url}/r/1.svg?wait=load">'
    url = site.add("/", html(tag(**OPTIONS), resources(3) + held))
    tab.page.goto(url, wait_until="domcontentloaded")
    tab.page.wait_for_function("performance.getEntriesByType('resource').length >= 3")
    tab.page.evaluate(HIDE)
    tab.wait_for(3)
    assert tab.counters()["held_messages"] >= 2
    site.gate("load").set()
    tab.page.wait_for_load_state("load")
    tab.flush()
    tab.page.wait_for_function("edgetrace.counters().then(all => all.held_messages == 0)")


@pytest.mark.parametrize("event", ["hidden", "freeze"])
def test_a_page_that_may_die_before_its_worker_is_there_keeps_its_words(
    tab: Tab, site: Site, event: str
) -> None:
    """It may be killed or discarded without another event, and the worker's script dies with it."""
    worker = "/edgetrace/edgetrace-worker.js?wait=worker"
    tab.page.add_init_script(REMOVALS)
    tab.visit(site.add("/", html(tag(worker_url=worker), resources(3))))
    tab.page.wait_for_function("'counters' in edgetrace")
    if event == "hidden":
        tab.page.evaluate(HIDE)
    else:
        tab.page.evaluate("void edgetrace.flush()")
        tab.page.evaluate("document.dispatchEvent(new Event('freeze', {bubbles: true}))")
    tab.page.wait_for_function("/r.0.js/.test(localStorage.edgetrace)")
    assert tab.page.evaluate("removals") == [["edgetrace"]]  # the look at what earlier pages left
    site.gate("worker").set()


def test_what_python_never_heard_waits_for_a_view_where_it_starts(tab: Tab, site: Site) -> None:
    """Its files are cut off, as they are when the page goes while they load: nothing is erased."""
    site.missing.add("/edgetrace/edgetrace-stdlib.zip")
    tab.visit(site.add("/", html(tag(**OPTIONS), resources(3))))
    counters = tab.flush()
    assert counters["runtime"] == "none"
    assert "answered 404" in counters["cause"]
    site.missing.clear()
    tab.visit(site.add("/next", html(tag(**OPTIONS))))
    tab.wait_for(5 + 2)
    assert len(tab.spans("resourceFetch")) == 3
