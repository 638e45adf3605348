# SPDX-License-Identifier: MIT OR Apache-2.0
"""Firefox and WebKitGTK beside the fixtures of tests/browser: the same sites, the same collector.

`tab` is a page in a fresh profile, once in each engine. An engine that is not there is installed
where that can be done; otherwise its tests are skipped with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from collector.server import Collector
from tasks import firefox, webkit
from tasks.console import BuildError
from tests.browser.conftest import (  # noqa: F401 - fixtures
    _collector,
    _sites,
    browser,
    cdn,
    collector,
    collector_url,
    site,
)
from tests.browser.tab import Tab
from tests.engines.firefox import Firefox
from tests.engines.webkit import WebKit


def _have(ensure: Callable[[], None], config: pytest.Config) -> None:
    """Installing says so at once, past pytest's capture."""
    try:
        with config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            ensure()
    except BuildError as exc:
        pytest.skip(str(exc))


@pytest.fixture(scope="session")
def _firefox(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Firefox]:
    _have(firefox.ensure, pytestconfig)
    running = Firefox(tmp_path_factory.mktemp("firefox"))
    yield running
    running.close()


@pytest.fixture(scope="session")
def _webkit(pytestconfig: pytest.Config) -> Iterator[WebKit]:
    _have(webkit.ensure, pytestconfig)
    running = WebKit()
    yield running
    running.close()


@pytest.fixture(scope="session", params=["firefox", "webkit"])
def engine(request: pytest.FixtureRequest) -> Any:
    """Each engine in turn."""
    return request.getfixturevalue(f"_{request.param}")


@pytest.fixture
def tab(engine: Firefox | WebKit, collector: Collector) -> Iterator[Tab]:  # noqa: F811
    """A page in a fresh profile."""
    page = engine.new_profile()
    yield Tab(cast(Any, page), collector.store)
    page.forget()
