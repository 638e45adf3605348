# SPDX-License-Identifier: MIT OR Apache-2.0
"""A benchmark script in Chromium: a page that runs it and hands its lines back.

    .venv/bin/python benchmarks/browser/host.py python SCRIPT WHEEL... -- HELPER...
    .venv/bin/python benchmarks/browser/host.py module BUNDLE

python is tasks/bench.mjs for a page: Pyodide, the wheels, the script as __main__. The page is
cross-origin isolated, so that its clock steps by 5 us instead of 100. Needs dist/.
"""

from __future__ import annotations

import http.server
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from playwright.sync_api import Browser, sync_playwright  # noqa: E402

from tasks import chromium  # noqa: E402
from tasks.paths import DIST  # noqa: E402

TIMEOUT_MS: Final = 600_000
TYPES: Final = {".mjs": "text/javascript", ".wasm": "application/wasm", "": "text/html"}
PYTHON: Final = """
const bytes = async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer());
const { loadPyodide } = await import("/pyodide/pyodide.mjs");
const env = { HOME: "/home/pyodide", PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION: "python" };
const stdout = (line) => console.log(line);
const pyodide = await loadPyodide({ indexURL: "/pyodide/", env, stdout });
for (const name of wheels) pyodide.unpackArchive(await bytes(`/f/${name}`), "wheel");
pyodide.FS.mkdir("/bench");
for (const name of [script, ...helpers])
  pyodide.FS.writeFile(`/bench/${name}`, await bytes(`/f/${name}`));
pyodide.globals.set("script", `/bench/${script}`);
await pyodide.runPythonAsync(`
import runpy, sys
sys.path.insert(0, '/bench')
runpy.run_path(script, run_name='__main__')`);
"""
MODULE: Final = "await import(`/f/${script}`);"


@contextmanager
def launched() -> Iterator[Browser]:
    """Chromium without a window, at the flags of the tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.path(),
            args=list(chromium.PLAYWRIGHT_FLAGS),
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def served(page: str, files: dict[str, Path]) -> Iterator[str]:
    """An isolated origin with one page, the files under /f/, and dist/; its URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.partition("?")[0]
            file = files.get(name[3:]) if name.startswith("/f/") else DIST / name[1:]
            body = page.encode() if name == "/" else b""
            if file is not None and name != "/" and ".." not in name and file.is_file():
                body = file.read_bytes()
            self.send_response(200 if body else 404)
            kind = TYPES.get(Path(name).suffix, "application/octet-stream")
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def page(kind: str, script: str, wheels: list[str], helpers: list[str]) -> str:
    """The HTML that runs one script, and says in its title how that ended."""
    names = json.dumps({"script": script, "wheels": wheels, "helpers": helpers})
    body = {"python": PYTHON, "module": MODULE}[kind]
    return (
        "<!doctype html><link rel=icon href=data:,><script type=module>"
        f"const {{ script, wheels, helpers }} = {names};"
        f"try {{ {body} document.title = 'done'; }}"
        "catch (error) { document.title = `failed: ${error}`; }</script>"
    )


def main() -> int:
    """Print what the script prints; 1 if it failed."""
    kind, script, *rest = sys.argv[1:]
    wheels, _, helpers = (
        (rest[: rest.index("--")], "--", rest[rest.index("--") + 1 :])
        if "--" in rest
        else (rest, "", [])
    )
    files = {Path(path).name: Path(path) for path in (script, *wheels, *helpers)}
    html = page(
        kind, Path(script).name, *([Path(p).name for p in some] for some in (wheels, helpers))
    )
    with served(html, files) as url, launched() as browser:
        tab = browser.new_page()
        tab.on("console", lambda message: print(message.text, flush=True))
        tab.goto(url)
        tab.wait_for_function("document.title !== ''", timeout=TIMEOUT_MS)
        ended = tab.title()
    if ended != "done":
        print(ended, file=sys.stderr)
    return ended != "done"


if __name__ == "__main__":
    sys.exit(main())
