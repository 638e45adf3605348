# SPDX-License-Identifier: MIT OR Apache-2.0
"""`python -m collector` as a person meets it: help, messages, exit codes, signals."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start the collector as a child, output piped."""
    return subprocess.Popen(
        [sys.executable, "-m", "collector", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(*arguments: str) -> tuple[int, str, str]:
    """Run the collector to its end."""
    with start(*arguments) as child:
        out, err = child.communicate(timeout=30)
    return child.returncode, out, err


def test_help_explains_each_option() -> None:
    """--help exits 0 and shows examples."""
    code, out, _ = finish("--help")
    assert code == 0
    for word in ("--port", "--database", "--max-body-bytes", "examples:"):
        assert word in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--port", "99999"], "not a port"),
        (["--port", "http"], "not a port"),
        (["--max-body-bytes", "0"], "not a positive number"),
        (["--colour"], "unrecognized arguments"),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str], says: str) -> None:
    """The message names the value and what is accepted."""
    code, _, err = finish(*arguments)
    assert code == 2
    assert says in err


def test_a_port_in_use_is_one_line_with_the_remedy() -> None:
    """Exit code 1, no traceback, the other port ready to copy."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, out, err = finish("--port", str(port))
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert f"port {port} on 127.0.0.1 is in use" in err
    assert f"--port {port + 1}" in err


def test_an_address_of_another_machine_is_one_line() -> None:
    """192.0.2.0/24 is for documentation (RFC 5737): no machine has it."""
    code, _, err = finish("--host", "192.0.2.1", "--port", "0")
    assert code == 1
    assert "choose another --host" in err
    assert "Traceback" not in err


def test_an_unusable_database_is_one_line(tmp_path: Path) -> None:
    """Exit code 1, with what to do."""
    code, _, err = finish("--port", "0", "--database", str(tmp_path / "no" / "x.sqlite"))
    assert code == 1
    assert "create the folder first" in err
    assert "Traceback" not in err


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal_and_exits_0(number: signal.Signals, tmp_path: Path) -> None:
    """The url is printed once connections are accepted; Ctrl-C is a normal end."""
    with start("--port", "0", "--database", str(tmp_path / "t.sqlite")) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(5)]
        url = re.search(r"viewer +(http://127\.0\.0\.1:\d+/)", "".join(lines))
        assert url, lines
        with urllib.request.urlopen(f"{url[1]}api/health", timeout=20) as reply:
            assert reply.status == 200
        child.send_signal(number)
        _, err = child.communicate(timeout=30)
    assert (child.returncode, err) == (0, "")
