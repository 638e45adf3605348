# SPDX-License-Identifier: MIT OR Apache-2.0
"""WebKitGTK's own browser, on a display that nobody sees, over classic WebDriver.

Each test gets a session, which is a browser process with an ephemeral profile. The protocol says
nothing of the console, so `handlers` are never called.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable
from typing import Final

from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Remote
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.remote_connection import RemoteConnection
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service
from urllib3.exceptions import HTTPError

from tasks import webkit
from tests.engines.page import WAIT_S, EngineError, EnginePage

# WebKit's processes are confined by bubblewrap, which needs user namespaces; containers have none.
UNCONFINED: Final = {"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}
# Now and then a session never begins on a busy machine; its browser has not shown up by then.
START_S: Final = 20
STARTS: Final = 3
RUN: Final = """
const done = arguments[arguments.length - 1];
(EXPRESSION).then(value => done({ value }), error => done({ error: String(error) }));
"""


class WebKit:
    """The display, until `close`."""

    def __init__(self) -> None:
        self._display = subprocess.Popen(
            [webkit.DISPLAY, "-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._display.stdout is not None
        display = ":" + self._display.stdout.readline().strip()
        self._environ = {**os.environ, **UNCONFINED, "DISPLAY": display, "GDK_BACKEND": "x11"}

    def new_profile(self) -> WebKitPage:
        """A tab that shares nothing with those before it."""
        for _ in range(STARTS - 1):
            with contextlib.suppress(WebDriverException, HTTPError):
                return self._start()
        return self._start()

    def close(self) -> None:
        """End it."""
        self._display.terminate()
        self._display.communicate()

    def _start(self) -> WebKitPage:
        # Selenium looks for the driver when it is imported, which may be before it is installed.
        service = Service(executable_path=shutil.which(webkit.DRIVER), env=self._environ)
        service.start()
        options = Options()
        options.binary_location = str(webkit.path())
        options.add_argument("--automation")
        options.page_load_strategy = "none"  # a page that goes by itself must not hold us up
        config = ClientConfig(service.service_url, timeout=START_S)
        try:
            driver = Remote(RemoteConnection(client_config=config), options=options)
        except BaseException:
            service.stop()
            raise
        config.timeout = 2 * int(WAIT_S)
        driver.set_script_timeout(WAIT_S)
        return WebKitPage(driver, service, driver.current_window_handle)


class WebKitPage(EnginePage):
    """One tab of a session."""

    def __init__(self, driver: Remote, service: Service, handle: str) -> None:
        super().__init__()
        self._driver, self._service, self._handle = driver, service, handle

    def goto(self, url: str, wait_until: str = "load") -> None:
        self._leave(lambda: self._driver.get(url))
        if wait_until == "load":
            self.wait_for_load_state()

    def back(self) -> None:
        self._switch()
        self._driver.back()

    def new_page(self) -> WebKitPage:
        self._switch()
        self._driver.switch_to.new_window("tab")
        return WebKitPage(self._driver, self._service, self._driver.current_window_handle)

    def close(self) -> None:
        self._switch()
        self._driver.close()

    def forget(self) -> None:
        """End the session: its browser with all tabs, workers and storage."""
        with contextlib.suppress(WebDriverException, HTTPError):
            self._driver.quit()
        self._service.stop()

    def run(self, expression: str) -> str:
        self._switch()
        try:
            answer = self._driver.execute_async_script(RUN.replace("EXPRESSION", expression))
        except WebDriverException as exc:
            raise EngineError(str(exc.msg)) from exc
        if "error" in answer:
            raise EngineError(answer["error"])
        return str(answer["value"])

    def _switch(self) -> None:
        try:
            if self._driver.current_window_handle != self._handle:
                self._driver.switch_to.window(self._handle)
        except WebDriverException:
            self._driver.switch_to.window(self._handle)

    def _leave(self, go: Callable[[], object]) -> None:
        """Navigate, and wait until the document is another."""
        with contextlib.suppress(EngineError):
            self.run("(async () => { window.left = true; return '' })()")
        go()
        self.until(lambda: not self.evaluate("!!window.left"), "another document")
