# SPDX-License-Identifier: MIT OR Apache-2.0
"""The standalone host in a real workerd: boots once, falls back, leaves the platform as it was."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tasks import standalone, worker_budget
from tasks.console import BuildError
from tasks.paths import ROOT, WHEELS, WORKER
from tasks.workerd import Server
from tests.worker.ask import ask
from tests.worker.conftest import Edge, upload
from tests.worker.origin import Origin

BARE = """
const names = Object.getOwnPropertyNames(globalThis);
const text = () => Object.fromEntries(names.map((name) => [name, String(globalThis[name])]));
export default { fetch: () => Response.json(text()) };
"""


@pytest.fixture(scope="module")
def boots(edge: Edge, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """tests/worker/apps/boots.py, with an asset and a Worker without Python beside it."""
    assets = tmp_path_factory.mktemp("assets")
    (assets / "a.txt").write_text("an asset")
    bare = {"name": "bare", "compatibilityDate": "2026-11-01", "modules": True, "script": BARE}
    return edge("boots", assets=assets, others=[bare], bindings={"serviceBindings": {"B": "bare"}})


@pytest.fixture
def origin() -> Iterator[Origin]:
    """A site behind the Worker."""
    running = Origin()
    yield running
    running.close()


def test_eight_first_requests_share_one_boot(edge: Edge) -> None:
    """Requests that arrive while there is no Python yet are all answered, by one import."""
    server = edge("boots")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(server.url), range(8)))
    assert [answer.text for answer in answers] == ["1"] * 8


def test_a_visitor_may_leave_during_the_boot(edge: Edge) -> None:
    """The request that began the boot is gone before it ends: the next one is answered."""
    server = edge("boots")
    address = server.url.removeprefix("http://").split(":")
    for _ in range(3):
        with socket.create_connection((address[0], int(address[1]))) as leaving:
            leaving.sendall(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")
    assert ask(server.url).text == "1"


def test_a_failed_boot_is_a_503_and_the_next_request_tries_again(edge: Edge) -> None:
    """The first import of broken.py raises: the visitor may retry, and then it works."""
    server = edge("broken")
    first = ask(server.url)
    assert (first.status, first.headers["retry-after"]) == (503, "1")
    assert first.headers["cache-control"] == "no-store"
    server.wait_for_log("RuntimeError: not yet")
    second = ask(server.url)
    assert (second.status, second.text) == (200, "attempt 2")


def test_python_may_start_with_the_worker(edge: Edge) -> None:
    """Booted in module scope, it is there for all first requests, and entropy is real by then."""
    server = edge("boots", at_start=True)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(server.url), range(8)))
    assert [answer.text for answer in answers] == ["1"] * 8
    other = edge("boots", at_start=True)
    drawn = [draw for host in (server, other) for draw in ask(f"{host.url}/draw").json()]
    assert len(set(drawn)) == len(drawn) == 6


def test_a_start_that_fails_is_tried_again_by_the_first_request(edge: Edge) -> None:
    """broken.py fails in module scope, which nobody is told but the log, and then works."""
    server = edge("broken", at_start=True)
    assert ask(server.url).text == "attempt 2"
    server.wait_for_log("edgetrace: Python did not start with the Worker")


def test_without_python_the_site_stays_up(edge: Edge, origin: Origin) -> None:
    """With ORIGIN, a request goes there as it came: method, path, query, headers, body."""
    server = edge("never", vars={"ORIGIN": f"{origin.url}/base"})
    answer = ask(f"{server.url}/a%20b?c=d", b"body", {"x-mine": "1"})
    assert (answer.status, answer.text) == (201, "from the origin")
    asked = origin.asked.get(timeout=10)
    assert (asked.method, asked.path, asked.body) == ("POST", "/base/a%20b?c=d", b"body")
    assert asked.headers["x-mine"] == "1"
    assert asked.headers["host"] == origin.url.removeprefix("http://")


def test_a_site_may_prefer_503(edge: Edge, origin: Origin) -> None:
    """EDGETRACE_BOOT_FALLBACK=503 keeps requests from an origin that must not be seen bare."""
    server = edge("never", vars={"ORIGIN": origin.url, "EDGETRACE_BOOT_FALLBACK": "503"})
    assert ask(server.url).status == 503
    assert origin.asked.empty()


def test_nor_the_origin(edge: Edge) -> None:
    """Without Python and with an origin that does not answer, it is 503, not an exception."""
    server = edge("never", vars={"ORIGIN": "http://127.0.0.1:9"})
    assert ask(server.url).status == 503


def test_globals_are_a_bare_workers(boots: Server) -> None:
    """Booting Pyodide neither adds a name to globalThis, nor replaces a function there."""
    assert ask(f"{boots.url}/names").json() == ask(f"{boots.url}/bare").json()


def test_a_missing_standard_module_says_what_to_do(boots: Server) -> None:
    """Modules that the build left out raise ModuleNotFoundError that names the remedy."""
    text = ask(f"{boots.url}/missing").text
    assert text.startswith("ModuleNotFoundError wave: No module named 'wave' in this upload")
    assert "write `import wave` in the entry file" in text


def test_tracebacks_name_file_and_line(boots: Server) -> None:
    """An exception in a handler reaches the platform with the entry file's path and line."""
    answer = ask(f"{boots.url}/raises")
    assert answer.status == 500  # whose body is Miniflare's: the exception as it got it
    assert 'File "/session/metadata/boots.py", line 33, in raises' in answer.text
    assert "ValueError: on line 33" in answer.text


def test_coroutines_outlive_the_response(boots: Server, origin: Origin) -> None:
    """A coroutine under ctx.waitUntil, and one under workers.wait_until, run to their end."""
    answer = ask(f"{boots.url}/later", headers={"x-tell": origin.url})
    assert answer.text == "now"
    assert [origin.asked.get(timeout=10).path for _ in range(2)] == ["/", "/"]


def test_assets_are_a_binding(boots: Server) -> None:
    """Static files answer under ASSETS, and the Worker is asked before them."""
    assert ask(f"{boots.url}/asset").text == "an asset"


def test_an_asgi_application_runs_as_it_does_natively(edge: Edge, tmp_path: Path) -> None:
    """Starlette, and a handler that is not async: the SDK's patch of anyio is applied."""
    for name in ("starlette", "anyio", "idna", "typing_extensions"):
        with zipfile.ZipFile(next(WHEELS.glob(f"{name}-*.whl"))) as wheel:
            wheel.extractall(tmp_path)
    server = edge("asgi_app", packages=[tmp_path])
    answer = ask(f"{server.url}/items/one")
    assert (answer.status, answer.json()) == (200, {"item": "one"})


def test_paths_are_the_native_ones(edge: Edge, tmp_path: Path) -> None:
    """Files are where the native runtime has them, so a package can read what lies beside it."""
    package = tmp_path / "packages" / "greeting"
    package.mkdir(parents=True)
    (package / "text.txt").write_text("hi")
    (package / "__init__.py").write_text(
        "from pathlib import Path\n"
        "TEXT = (Path(__file__).parent / 'text.txt').read_text() + __file__\n"
    )
    entry = tmp_path / "entry.py"
    entry.write_text(
        "import greeting\n"
        "from workers import Response, WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        return Response(f'{__file__} {greeting.TEXT}')\n"
    )
    answer = ask(edge(entry, packages=[package.parent]).url)
    home = "/session/metadata"
    assert answer.text == f"{home}/entry.py hi{home}/python_modules/greeting/__init__.py"


def test_the_examples_run(edge: Edge) -> None:
    """worker/examples, but FastAPI's, whose compiled code only the native runtime has."""
    examples = WORKER / "examples"
    hello = edge(examples / "hello" / "entry.py")
    assert ask(hello.url).text.startswith("Hello from Python, GET http://")
    counter = edge(
        examples / "durable_object" / "entry.py",
        bindings={"durableObjects": {"COUNTER": "Counter"}},
    )
    assert [ask(f"{counter.url}/{path}").text for path in "aab"] == ["1\n", "2\n", "1\n"]


def test_workerd_ends_with_its_parent(tmp_path: Path) -> None:
    """A killed parent leaves no workerd behind: Miniflare ends, which ends it."""
    script = (
        "import sys, time; from pathlib import Path; from tasks import workerd\n"
        f"server = workerd.serve(Path({str(upload('boots'))!r}))\n"
        "print(server.url, server._child.pid, flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        url, child = parent.stdout.readline().split()
        assert ask(url).text == "1"
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait(10)
        with contextlib.suppress(ProcessLookupError):  # gone already: so much the better
            handle = os.pidfd_open(int(child))
            ended, _, _ = select.select([handle], [], [], 10)
            os.close(handle)
            assert ended, "Miniflare outlived its parent"


def test_an_entry_that_cannot_be_imported_fails_the_build(tmp_path: Path) -> None:
    """The build shows Python's own traceback, with the entry file's line."""
    entry = tmp_path / "entry.py"
    entry.write_text("import workers\nimport nowhere\n")
    with pytest.raises(BuildError, match=r"(?s)entry.py cannot be imported.*line 2.*nowhere"):
        standalone.ensure(entry, [], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_entry_without_handlers_fails_the_build(tmp_path: Path) -> None:
    """A file that exports no entrypoint, object, workflow or handler is refused."""
    entry = tmp_path / "entry.py"
    entry.write_text("x = 1\n")
    with pytest.raises(BuildError, match="class Default"):
        standalone.ensure(entry, [], tmp_path / "out")


def test_the_same_tree_gives_the_same_bytes(tmp_path: Path) -> None:
    """Two builds of one entry file agree in every byte."""
    entry = WORKER / "examples" / "hello" / "entry.py"
    one, two = (standalone.ensure(entry, [], tmp_path / name) for name in ("one", "two"))
    for path in standalone.upload(one):
        assert path.read_bytes() == (two / path.name).read_bytes(), path.name


def test_the_upload_is_within_its_budget() -> None:
    """Bytes that go up for the hello example, gzipped: pyproject's worker_budget."""
    folder = upload(WORKER / "examples" / "hello" / "entry.py")
    over = [str(line) for line in worker_budget.compare(folder) if not line.kept]
    assert not over, (
        f"decide: make it smaller, or raise the limit in a commit that says why: {over}"
    )
