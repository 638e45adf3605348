# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a person sees: steps with elapsed seconds, child processes, and errors that say what to do.

Knows no task. A step's line is written when it starts and finished when it ends; on a terminal the
seconds tick. A child's output is kept back and shown only if the child fails, because the reader
wants its reason then and nothing otherwise.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

TAIL_LINES = 25
TAIL_COLUMNS = 300  # Node quotes the whole line of a minified file


class BuildError(Exception):
    """A task cannot go on: names what, the value at fault, the remedy; no traceback is shown.

    Args:
        message: One line for the reader.
        exit_code: What build.py returns, 1..255.
    """

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def say(text: str) -> None:
    """One line to the reader, at once even when stdout is a pipe."""
    print(text, flush=True)


def note(text: str) -> None:
    """One line beside the result: stdout has that alone."""
    print(f"  {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Show ``title`` while the block runs, then how long it took."""
    started = time.monotonic()
    live = sys.stdout.isatty()
    done = threading.Event()

    def tick() -> None:
        while not done.wait(1.0):
            print(f"\r  {title} … {time.monotonic() - started:.0f} s", end="", flush=True)

    ticker = threading.Thread(target=tick, daemon=True)
    if live:
        print(f"  {title} …", end="", flush=True)
        ticker.start()
    else:
        say(f"  {title} …")
    outcome = "failed after"
    try:
        yield
        outcome = "done in"
    except KeyboardInterrupt:
        outcome = "stopped after"
        raise
    finally:
        done.set()
        if live:
            ticker.join()
        line = f"  {title}: {outcome} {time.monotonic() - started:.1f} s"
        print(f"\r\033[K{line}" if live else line, flush=True)


def run(
    command: Sequence[object],
    *,
    what: str,
    remedy: str = "",
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    timeout_s: float | None = None,
) -> str:
    """Run a child quietly to its end and return what it printed.

    Args:
        command: Program and arguments.
        cwd: Its folder; ours if None.
        timeout_s: When to end it, in seconds; None waits for ever.
        what: Names the child in the error, for example ``npm ci``.
        remedy: What the reader can do if it fails.
        environ: Added to our own environment.

    Raises:
        BuildError: It could not start, did not end in time or exited non-zero; its last lines are
        shown.
    """
    words = [str(word) for word in command]
    with tempfile.TemporaryFile() as output:
        try:
            child = subprocess.Popen(
                words,
                cwd=cwd,
                env={**os.environ, **(environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=os.name != "nt",
            )
        except OSError as exc:
            raise BuildError(
                f"{what}: cannot start {words[0]}: {exc.strerror}. {remedy}".strip()
            ) from exc
        try:
            code = child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            stop_group(child)
            code = None
        except BaseException:
            stop_group(child)
            raise
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    if code == 0:
        return text
    tail = "\n".join(
        f"    {line[:TAIL_COLUMNS].rstrip()}" for line in text.splitlines()[-TAIL_LINES:]
    )
    reason = f"took longer than {timeout_s:.0f} s" if code is None else f"exit code {code}"
    raise BuildError(
        f"{what}: {reason}.{' ' + remedy if remedy else ''}" + (f"\n{tail}" if tail else "")
    )


def stop_group(child: subprocess.Popen[bytes]) -> None:
    """End a child that leads its own process group, and everything it started."""
    for number in (signal.SIGTERM, signal.SIGKILL if os.name != "nt" else signal.SIGTERM):
        if child.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            if os.name == "nt":
                child.terminate()
            else:
                os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(5)


def call(
    command: Sequence[object],
    *,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> int:
    """Run a child that talks to the reader itself, and return its exit code.

    Ctrl-C reaches the child too (same process group), so it is waited for rather than killed.
    """
    child = subprocess.Popen(
        [str(word) for word in command], cwd=cwd, env={**os.environ, **(environ or {})}
    )
    try:
        return child.wait()
    except KeyboardInterrupt:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(10)
        if child.poll() is None:
            child.kill()
            child.wait()
        raise


def relay(
    command: Sequence[object],
    label: str,
    *,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> int:
    """Run a child beside others: each of its lines comes out whole, behind `label`; its exit code.

    Ctrl-C reaches the child too (same process group).
    """
    with subprocess.Popen(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **(environ or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            say(label + line.rstrip("\n"))
    return child.returncode
