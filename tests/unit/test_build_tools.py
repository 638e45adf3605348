# SPDX-License-Identifier: MIT OR Apache-2.0
"""build.py's small parts: archives, the manifest, the budget, children and how failure looks."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import threading
import urllib.request
import zipfile
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from tasks import (
    archive,
    budget,
    chromium,
    cli,
    compressed,
    console,
    lockfile,
    manifest,
    serve,
    stamps,
    suite,
)
from tasks.paths import ROOT


def test_a_zips_bytes_depend_on_its_contents_alone() -> None:
    """Order of insertion does not show; names, contents and one fixed time do."""
    first = archive.zip_bytes({"b": b"2", "a": b"1"})
    assert first == archive.zip_bytes({"a": b"1", "b": b"2"})
    with zipfile.ZipFile(io.BytesIO(first)) as read:
        assert [entry.filename for entry in read.infolist()] == ["a", "b"]
        assert {entry.date_time for entry in read.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert read.read("b") == b"2"


def test_the_manifest_describes_every_file_but_itself(tmp_path: Path) -> None:
    """Sizes, SHA-256 and the SRI value are those of the file's bytes."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x.js").write_bytes(b"x" * 1000)
    (tmp_path / "manifest.json").write_text("old")
    read = json.loads(manifest.render(tmp_path, "1.2.3", "314.0.7"))
    assert read["version"] == "1.2.3"
    assert list(read["files"]) == ["sub/x.js"]
    entry = read["files"]["sub/x.js"]
    assert entry["bytes"] == 1000
    assert entry["gzip_bytes"] < 100
    assert entry["sha256"] == hashlib.sha256(b"x" * 1000).hexdigest()
    algorithm, _, value = entry["integrity"].partition("-")
    assert algorithm == "sha384"
    assert base64.b64decode(value) == hashlib.sha384(b"x" * 1000).digest()


def test_the_budget_adds_up_what_it_limits(tmp_path: Path) -> None:
    """The last line is the sum of the files that have a limit of their own, each measured alike."""
    names = budget.limits().keys() - {"total"}
    files = {name: {"bytes": 10, "gzip_bytes": 7} for name in names}
    (tmp_path / "manifest.json").write_text(json.dumps({"files": files}))
    *_, together = budget.compare(tmp_path)
    assert (together.what, together.used) == ("together", 7 * len(names))
    assert together.kept


def test_a_size_over_its_limit_says_so() -> None:
    """A limit holds at its own value and not one byte above."""
    assert budget.Line("x", "bytes", 10, 10).kept
    over = budget.Line("x", "bytes", 11, 10)
    assert not over.kept
    assert "OVER" in str(over)


def test_a_failing_child_shows_its_last_lines_and_the_remedy() -> None:
    """The error names what ran, its exit code, what to do, and what the child said last."""
    script = "import sys; print('x' * 5000); print('the reason'); sys.exit(3)"
    with pytest.raises(console.BuildError) as caught:
        console.run([sys.executable, "-c", script], what="a tool", remedy="Do this.")
    message = str(caught.value)
    assert "a tool: exit code 3. Do this." in message
    assert "the reason" in message
    assert len(message) < 1000


def test_a_child_that_takes_too_long_is_ended() -> None:
    """A timeout ends the child and says how long it was given."""
    with pytest.raises(console.BuildError, match="took longer than 0 s"):
        console.run(
            [sys.executable, "-c", "import threading; threading.Event().wait()"],
            what="a tool",
            timeout_s=0.2,
        )


def test_a_test_that_failed_is_a_line_beside_the_total(tmp_path: Path) -> None:
    """The closing lines name it: the report itself may be thousands of lines before."""
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "def test_fine(): pass\n"
        "@pytest.mark.skip\n"
        "def test_not(): pass\n"
        "def test_wrong(): raise ValueError('two\\nlines')\n"
        "def test_broken(no_such_fixture): pass\n"
    )
    report = tmp_path / "report.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--rootdir={tmp_path}",
    ]
    done = subprocess.run(
        [*command, f"--junitxml={report}", str(tmp_path)], capture_output=True, check=False
    )
    assert done.returncode == 1
    counts, (wrong, broken) = suite.read_report(report)
    assert counts == suite.Counts(passed=1, failed=2, skipped=1)
    assert wrong == "test_it::test_wrong: ValueError: two lines"
    assert broken.startswith("test_it::test_broken: failed on setup with")
    assert suite.read_report(tmp_path / "none.xml") == (suite.Counts(), ())


def test_a_program_that_is_not_there_is_one_line() -> None:
    """A missing program is named."""
    with pytest.raises(console.BuildError, match="cannot start edgetrace-no-such-program"):
        console.run(["edgetrace-no-such-program"], what="a tool")


def test_children_side_by_side_are_told_apart(capfd: pytest.CaptureFixture[str]) -> None:
    """Each line of a child comes out whole behind its label, and its exit code comes back."""
    script = "import sys; print('one', flush=True); print('two', file=sys.stderr); sys.exit(7)"
    assert console.relay([sys.executable, "-c", script], "host | ") == 7
    assert capfd.readouterr().out == "host | one\nhost | two\n"


@pytest.mark.parametrize(
    "words",
    [
        "pip: Failed to establish a new connection: [Errno -2] Name or service not known",
        "npm error code ENOTFOUND",
        "npm error network request to https://registry.example failed, reason: EAI_AGAIN",
        "E: Failed to fetch … Temporary failure resolving 'deb.example'",
    ],
)
def test_no_network_is_one_clear_line(words: str) -> None:
    """What pip, npm and apt-get say without a network becomes one line with a remedy."""

    def fail() -> None:
        raise console.BuildError(words)

    with pytest.raises(
        console.BuildError, match="no network: the moon cannot be reached"
    ) as caught:
        stamps.fetching("the moon", fail)
    assert "\n" not in str(caught.value)


def test_a_stamp_stands_for_the_inputs_it_was_made_from(tmp_path: Path) -> None:
    """Another input, or a file that is gone, asks for the work to be done anew."""
    source = tmp_path / "lock.txt"
    source.write_text("one")
    before = stamps.digest(source, "3.11")
    stamps.put_stamp(tmp_path, before)
    assert stamps.stamped(tmp_path, stamps.digest(source, "3.11"))
    source.write_text("two")
    assert not stamps.stamped(tmp_path, stamps.digest(source, "3.11"))
    source.unlink()
    assert not stamps.stamped(tmp_path, stamps.digest(source, "3.11"))


@pytest.mark.parametrize(
    ("on_path", "message"),
    [
        ((), "Chromium is not on PATH and there is no apt-get. Remedy: apt-get install chromium"),
        (("apt-get",), "Chromium is not on PATH; installing it needs root. Remedy: apt-get"),
        (("chromium", "apt-get"), "chromedriver is not on PATH; installing it needs root."),
    ],
)
def test_a_browser_that_cannot_be_installed_is_one_line(
    on_path: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Who is not root and has no sudo is told what is missing and what to install."""
    for name in on_path:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(console.BuildError, match=re.escape(message)):
        chromium.ensure()


def test_top_level_names_and_requirements_are_read_from_a_wheel(tmp_path: Path) -> None:
    """Packages and single modules are named; a requirement for another system is none here."""
    wheel = tmp_path / "x-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as write:
        write.writestr("pkg/__init__.py", "")
        write.writestr("single.py", "")
        write.writestr(
            "x-1.dist-info/METADATA",
            "Name: x\nRequires-Dist: Plug_gy>=1\nRequires-Dist: colorama; sys_platform == 'win32'\n"
            "Requires-Dist: docs; extra == 'docs'\n\nRequires-Dist: not-a-header\n",
        )
    assert lockfile.top_level_names(wheel) == ["pkg", "single"]
    assert lockfile.requirements(wheel) == {"plug-gy"}


def test_serve_lets_any_origin_load_the_bundle(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A page of another origin may load the agent and its wasm, each with its right type."""
    for name in ("agent.js", "pyodide.mjs", "pyodide.asm.wasm"):
        (tmp_path / name).write_bytes(b"x")
    monkeypatch.setattr(serve, "DIST", tmp_path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), serve.Files)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        types = {}
        for name in ("agent.js", "pyodide.mjs", "pyodide.asm.wasm"):
            with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/{name}") as answer:
                types[name] = answer.headers["Content-Type"]
                assert answer.headers["Access-Control-Allow-Origin"] == "*"
                assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert types == {
        "agent.js": "text/javascript",
        "pyodide.mjs": "text/javascript",
        "pyodide.asm.wasm": "application/wasm",
    }


def test_serve_hands_out_the_form_that_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Brotli before gzip, under the file's own type; to whoever takes neither, the file."""
    for ending in ("", ".br", ".gz"):
        (tmp_path / f"x.wasm{ending}").write_bytes(ending.encode())
    monkeypatch.setattr(serve, "DIST", tmp_path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), serve.Files)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/x.wasm?v=1"
    try:
        for accepts, coding, body in (
            ("gzip, br", "br", b".br"),
            ("gzip, br;q=0", "gzip", b".gz"),
            ("identity", None, b""),
        ):
            asked = urllib.request.Request(url, headers={"Accept-Encoding": accepts})
            with urllib.request.urlopen(asked) as answer:
                assert answer.read() == body
                assert answer.headers["Content-Encoding"] == coding
                assert answer.headers["Content-Type"] == "application/wasm"
                assert answer.headers["Vary"] == "Accept-Encoding"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_what_gains_nothing_has_no_compressed_form(tmp_path: Path) -> None:
    """Small files and those that are compressed already stay alone; others get both."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "text.js").write_bytes(b"let x = 1;\n" * 500)
    (tmp_path / "small.js").write_bytes(b"x" * 1_000)
    (tmp_path / "noise.zip").write_bytes(hashlib.shake_256(b"").digest(5_000))
    compressed.write(tmp_path)
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    plain = {"sub/text.js", "small.js", "noise.zip"}
    assert found - plain == {"sub/text.js.br", "sub/text.js.gz"}
    listed = json.loads(manifest.render(tmp_path, "1", "2"))["files"]
    assert set(listed) == plain
    assert listed["sub/text.js"]["br_bytes"] == (tmp_path / "sub/text.js.br").stat().st_size


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "8080.5"])
def test_a_port_that_is_none_is_named(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names the option, the value and what to use instead."""
    with pytest.raises(SystemExit):
        cli.main(["serve", f"--port={port}"])
    assert f"argument --port: {port!r} is no port; use a number" in capsys.readouterr().err


@pytest.mark.parametrize("task", [*cli.TASKS, None])
def test_every_task_has_help(task: str | None) -> None:
    """--help works on any Python that is new enough, before anything is installed."""
    words = [task, "--help"] if task else ["--help"]
    child = subprocess.run(
        [sys.executable, str(ROOT / "build.py"), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    assert "usage: build.py" in child.stdout


def test_an_unknown_option_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong option ends with exit code 2 and says where to read on."""
    with pytest.raises(SystemExit) as caught:
        cli.main(["bundle", "--no-such-option"])
    assert caught.value.code == 2
    assert "bundle does not know --no-such-option" in capsys.readouterr().err
