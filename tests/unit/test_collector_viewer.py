# SPDX-License-Identifier: MIT OR Apache-2.0
"""The viewer in a real Chromium: what is drawn, the keyboard, live updates, hostile text."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from collector.server import Collector, serve_in_thread
from tests.unit.collector_client import post
from tests.unit.collector_samples import TRACE_ID, group, one_span, page_load

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
expect.set_options(timeout=30_000)  # other parts of the suite want the two cores too
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One headless Chromium for all tests of this file."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector of its own for each test."""
    with serve_in_thread() as running:
        yield running


@pytest.fixture
def page(browser: Browser, collector: Collector) -> Iterator[Page]:
    """A tab that must end without an error or a policy violation in its console.

    It depends on the collector to be closed first: a tab that outlives it logs failed requests.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    tab = context.new_page()
    problems: list[str] = []
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on(
        "console",
        lambda message: problems.append(message.text) if message.type == "error" else None,
    )
    yield tab
    context.close()
    assert problems == []


def open_trace(page: Page, collector: Collector) -> None:
    """Open the sample trace and wait for its rows."""
    page.goto(f"{collector.url}/#/trace/{TRACE_ID.hex()}")
    expect(page.get_by_role("treegrid")).to_be_focused()


def expect_active(page: Page, name: str) -> None:
    """Wait until the selected row, which aria-activedescendant names, starts with `name`."""
    row = page.locator(".row.active")
    expect(row.locator(".label")).to_have_text(name)
    expect(page.get_by_role("treegrid")).to_have_attribute(
        "aria-activedescendant", row.get_attribute("id") or ""
    )


def test_traces_appear_without_reloading(page: Page, collector: Collector) -> None:
    """The empty page names the endpoint; a trace shows up as soon as it arrives, newest first."""
    page.goto(collector.url)
    expect(page.get_by_text("Waiting for the first trace")).to_be_visible()
    expect(page.get_by_text(collector.endpoint, exact=True)).to_be_visible()
    post(collector, one_span(name="older").SerializeToString())
    expect(page.locator("tbody tr")).to_have_count(1)
    post(collector, one_span(b"\x07" * 16, name="newer", start_ms=9).SerializeToString())
    expect(page.locator("tbody .root-name")).to_have_text(["newer", "older"])


def test_refused_requests_are_shown(page: Page, collector: Collector) -> None:
    """A sender's mistake is visible where its traces are missed."""
    post(collector, b"garbage")
    page.goto(collector.url)
    expect(page.locator(".notice")).to_contain_text("not an ExportTraceServiceRequest")


def test_the_waterfall_draws_phases_errors_and_the_path(page: Page, collector: Collector) -> None:
    """Bars hold their phases at the right places; errors and the critical path are marked."""
    post(collector, page_load(60).SerializeToString())
    open_trace(page, collector)
    load = page.get_by_role("row", name="documentLoad").first
    phases = load.locator(".phase").evaluate_all("all => all.map(e => e.className.split('-')[1])")
    assert phases == [
        "queued", "dns", "connect", "tls", "queued", "waiting", "download",
        "parse", "scripts", "ready", "resources", "load",
    ]  # fmt: skip
    assert load.locator(".path-segment").count() > 1
    assert load.locator(".mark").count() == 1
    # `waiting` of the document: 48.0 to 176.4 ms of a bar from 3.1 to 1,411.8 ms
    left, width = load.evaluate(
        """row => { const bar = row.querySelector('.bar').getBoundingClientRect();
                    const part = row.querySelector('.phase-waiting').getBoundingClientRect();
                    return [(part.left - bar.left) / bar.width, part.width / bar.width]; }"""
    )
    assert left == pytest.approx((48.0 - 3.1) / 1408.7, abs=0.002)
    assert width == pytest.approx((176.4 - 48.0) / 1408.7, abs=0.002)
    failed = page.locator(".row.failed").first
    expect(failed).to_contain_text("! 404")
    expect(failed.locator("[role=gridcell]").last).to_have_attribute(
        "aria-label", re.compile(r", error")
    )


def test_edge_and_browser_are_told_apart(page: Page, collector: Collector) -> None:
    """By colour, by the mark's shape, in words where the trace passes on, and in what is read."""
    post(collector, page_load(20).SerializeToString())
    open_trace(page, collector)
    expect(page.locator(".row")).to_have_count(25)
    marks = page.locator(".row .dot").evaluate_all(
        """all => all.map(e => [e.dataset.place, getComputedStyle(e).backgroundColor,
                                getComputedStyle(e).borderRadius, getComputedStyle(e).transform])"""
    )
    looks = [tuple(look) for look in marks]
    assert [look[0] for look in looks] == ["edge"] * 3 + ["browser"] * 22
    edge, browser = set(looks[:3]), set(looks[3:])
    assert len(edge) == len(browser) == 1
    assert all(a != b for a, b in zip(edge.pop(), browser.pop(), strict=True))
    names = page.locator(".row:has(.place)").evaluate_all(
        """all => all.map(row => ['.label', '.place'].map(
                                      part => row.querySelector(part).textContent))"""
    )
    assert names == [["GET /products", "edge"], ["documentLoad", "browser"]]
    assert page.locator(".facts .service").all_text_contents() == [
        "storefront-edgeedge",
        "shop-webbrowser",
    ]
    told = page.get_by_role("row", name="GET /products").locator("[role=gridcell]").last
    expect(told).to_have_attribute("aria-label", re.compile("at the edge"))


def test_the_edges_work_stands_above_the_page_it_served(page: Page, collector: Collector) -> None:
    """The page began to navigate before the server knew of it, and still reads as what followed."""
    post(collector, page_load(3).SerializeToString())
    open_trace(page, collector)
    first = page.locator(".row .label")
    expect(first).to_have_text(
        ["GET /products", "SELECT products", "render", "documentLoad", "documentFetch"]
        + ["resourceFetch"] * 3
    )


def test_the_list_names_services_and_can_show_page_loads_only(
    page: Page, collector: Collector
) -> None:
    """Each trace shows every service in it; one button leaves the traces of pages."""
    post(collector, one_span(b"\x07" * 16, name="GET").SerializeToString())
    post(collector, page_load(3).SerializeToString())
    page.goto(collector.url)
    expect(page.locator("tbody tr")).to_have_count(2)
    row = page.locator("tbody tr", has_text="page load")
    assert row.locator(".service").all_text_contents() == ["storefront-edge", "shop-web"]
    page.get_by_role("button", name="Page loads").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_role("status").filter(has_text="traces")).to_have_text("1 of 2 traces")
    page.get_by_role("button", name="Page loads").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_label("Filter traces").fill("shop-web")
    expect(page.locator("tbody tr")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colours_of_places_can_be_seen(
    browser: Browser, collector: Collector, scheme: str
) -> None:
    """Bars reach 3:1 against what they stand on, a selected row too (WCAG 2.2, 1.4.11)."""
    post(collector, page_load(3).SerializeToString())
    context = browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]
    tab = context.new_page()
    tab.goto(f"{collector.url}/#/trace/{TRACE_ID.hex()}")
    tab.locator(".dot[data-place=browser]").first.wait_for()
    colours = tab.evaluate(
        """() => { const options = {willReadFrequently: true};
             const canvas = new OffscreenCanvas(1, 1).getContext('2d', options);
             const rgb = colour => { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
               return [...canvas.getImageData(0, 0, 1, 1).data]; };
             const root = getComputedStyle(document.documentElement);
             const mark = place => getComputedStyle(
               document.querySelector(`.dot[data-place=${place}]`)).backgroundColor;
             return ['edge', 'browser'].flatMap(place =>
               ['--surface', '--raised', '--accent-soft'].map(back =>
                 [place, back, rgb(mark(place)), rgb(root.getPropertyValue(back))])); }"""
    )
    context.close()
    ratios = {(place, back): contrast(front, behind) for place, back, front, behind in colours}
    assert min(ratios.values()) >= 3, ratios


def test_everything_works_from_the_keyboard(page: Page, collector: Collector) -> None:
    """List, trace, children, details, filter, zoom, and back, without a pointer."""
    post(collector, one_span(b"\x07" * 16, name="other").SerializeToString())
    post(collector, page_load(20).SerializeToString())
    page.goto(collector.url)
    expect(page.locator("tbody tr")).to_have_count(2)
    keys = page.keyboard
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    expect(page.locator("tbody a").nth(1)).to_be_focused()
    keys.press("Home")
    keys.press("Enter")
    tree = page.get_by_role("treegrid")
    expect(tree).to_be_focused()
    expect(tree).to_have_attribute("aria-rowcount", "25")
    expect_active(page, "GET /products")
    keys.press("ArrowRight")
    expect_active(page, "SELECT products")
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    expect_active(page, "documentLoad")
    keys.press("ArrowLeft")
    expect(tree).to_have_attribute("aria-rowcount", "4")
    keys.press("ArrowRight")
    expect(tree).to_have_attribute("aria-rowcount", "25")
    keys.press("Enter")
    details = page.get_by_role("complementary", name="Span details")
    expect(details.get_by_role("heading", name="documentLoad")).to_be_visible()
    expect(details.get_by_text("Parse HTML")).to_be_visible()
    keys.press("e")
    expect(details).to_contain_text("item-09")
    assert TRACE_ID.hex() in page.url
    keys.press("z")
    expect(page.locator(".overview .window")).to_be_visible()
    keys.press("0")
    expect(page.locator(".overview .window")).to_be_hidden()
    keys.press("End")
    expect_active(page, "resourceFetch")
    keys.press("/")
    page.keyboard.type("item-1")
    expect(page.locator(".toolbar .count")).to_have_text("10 matches")
    expect(tree).to_have_attribute("aria-rowcount", "12")
    keys.press("Enter")
    expect(tree).to_be_focused()
    keys.press("Escape")
    expect(details).to_be_hidden()
    keys.press("Escape")
    expect(page.get_by_role("heading", name="Traces")).to_be_visible()
    expect(page.locator("tbody a").first).to_be_focused()
    keys.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_three_thousand_spans_cost_what_a_screenful_costs(page: Page, collector: Collector) -> None:
    """Only rows in sight are elements, wherever the list is scrolled."""
    post(collector, page_load(3000).SerializeToString())
    open_trace(page, collector)
    expect(page.get_by_role("treegrid")).to_have_attribute("aria-rowcount", "3005")
    assert page.locator(".row").count() < 60
    page.keyboard.press("End")
    expect(page.locator(".row.active")).to_contain_text("item-")
    assert page.locator(".row").count() < 60
    expect(page.locator(".row.active")).to_be_in_viewport()


def test_an_open_trace_grows_as_spans_arrive(page: Page, collector: Collector) -> None:
    """Late spans join the waterfall; the selection stays where it was."""
    first, later = page_load(10), page_load(12)
    post(collector, first.SerializeToString())
    open_trace(page, collector)
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect_active(page, "documentLoad")
    post(collector, later.SerializeToString())
    expect(page.get_by_role("treegrid")).to_have_attribute("aria-rowcount", "17")
    expect_active(page, "documentLoad")


def test_markup_in_spans_stays_text(page: Page, collector: Collector) -> None:
    """Names, keys, values and URLs that a stranger chose are shown, not run."""
    evil = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    request = one_span(name=evil)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    for key in (evil, "url.full", "error.type"):
        span.attributes.add(key=key).value.string_value = f"javascript:{evil}"
    span.events.add(name=evil)
    span.status.code, span.status.message = 2, evil  # type: ignore[assignment]
    group(request, evil)
    post(collector, request.SerializeToString())
    page.goto(collector.url)
    expect(page.locator(".root-name")).to_have_text(evil)
    open_trace(page, collector)
    page.keyboard.press("Enter")
    expect(page.locator(".details h2")).to_have_text(evil)
    assert page.title() != "owned"
    assert page.locator("main img, main script").count() == 0
    assert page.locator("main a[href^='javascript']").count() == 0


def test_a_lost_collector_is_announced_and_found_again(page: Page, browser: Browser) -> None:
    """The indicator turns when the stream breaks; the page itself stays."""
    collector = serve_in_thread()
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(collector.url)
    expect(tab.locator("#live")).to_have_text("live")
    port = int(collector.url.rsplit(":", 1)[1])
    collector.stop()
    expect(tab.locator("#live")).to_have_text("reconnecting")
    with serve_in_thread(port=port) as again:
        post(again, one_span(name="after the restart").SerializeToString())
        expect(tab.locator("#live")).to_have_text("live")
        expect(tab.locator(".root-name")).to_have_text("after the restart")
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_legible_in_both_schemes(
    browser: Browser, collector: Collector, scheme: str
) -> None:
    """Text colours reach 4.5:1 against the surfaces they stand on (WCAG 2.2, 1.4.3)."""
    context = browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]
    tab = context.new_page()
    tab.goto(collector.url)
    pairs = tab.evaluate(
        """() => { const style = getComputedStyle(document.documentElement);
             const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
             const rgb = name => { canvas.fillStyle = style.getPropertyValue(name);
               canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
             return ['--ink', '--ink-2', '--ink-3', '--accent', '--danger'].flatMap(text =>
               ['--surface', '--raised'].map(back => [text, back, rgb(text), rgb(back)])); }"""
    )
    context.close()
    ratios = {(text, back): contrast(front, behind) for text, back, front, behind in pairs}
    assert min(ratios.values()) >= 4.5, ratios


def contrast(one: list[int], other: list[int]) -> float:
    """Compute the contrast ratio of WCAG 2.2."""

    def luminance(rgb: list[int]) -> float:
        channels = [value / 255 for value in rgb[:3]]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
