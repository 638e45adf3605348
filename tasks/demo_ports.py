# SPDX-License-Identifier: MIT OR Apache-2.0
"""Ports of this machine for the demo's servers: the one asked for, or the next that is free."""

from __future__ import annotations

import argparse
import errno
import os
import socket
from typing import Final

from tasks.console import BuildError

HOST: Final = "127.0.0.1"
_TRIES: Final = 50


def port(text: str) -> int:
    """A port from the command line."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; use a number from 1 to 65535")
    return int(text)


def listen(asked: int | None, default: int, option: str) -> socket.socket:
    """A listening socket on the port asked for, else on the first free one from `default` on.

    Raises:
        BuildError: The port is in use or may not be used; names `option`.
    """
    for number in range(default, min(default + _TRIES, 65536)) if asked is None else (asked,):
        bound = socket.socket()
        # Without it a port stays taken for a minute after each run; on Windows it means sharing.
        if os.name != "nt":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((HOST, number))
            bound.listen(512)
        except OSError as exc:
            bound.close()
            if asked is not None:
                raise BuildError(_why(option, number, exc)) from exc
            continue
        return bound
    raise BuildError(
        f"no free port from {default} to {default + _TRIES - 1}; choose one by {option}"
    )


def release(bound: socket.socket) -> int:
    """The port of a socket that is given up, for a server that binds by itself.

    Until that one has it, the port is free for a moment.
    """
    number: int = bound.getsockname()[1]
    bound.close()
    return number


def _why(option: str, number: int, error: OSError) -> str:
    if error.errno in (errno.EADDRINUSE, errno.EACCES):
        reason = "is in use" if error.errno == errno.EADDRINUSE else "needs root"
        return f"{option} {number} {reason}; name another one, or leave {option} out"
    return f"{option} {number}: {error.strerror}"
