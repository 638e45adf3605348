# SPDX-License-Identifier: MIT OR Apache-2.0
"""A standalone upload in a real workerd on this machine, with the platform's bindings simulated.

    with workerd.serve(folder, vars={"ORIGIN": url}, bindings={"kvNamespaces": ["KV"]}) as server:
        urllib.request.urlopen(server.url)

Miniflare (npm, comes with wrangler) simulates KV, R2, D1, Queues, Durable Objects, service
bindings, rate limits, Workflows and static assets in memory. Nothing is asked of the internet; the
processes end with this one, even if it is killed, for Miniflare watches its stdin.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tasks.console import BuildError, stop_group
from tasks.node import tool_environ
from tasks.paths import STANDALONE, VENV_BIN

COMPATIBILITY_DATE: Final = "2026-11-01"
KINDS: Final = {".mjs": "ESModule", ".wasm": "CompiledWasm", ".zip": "Data"}
START_TIMEOUT_S: Final = 60.0
# What Node and Miniflare would ask of the network or say about themselves.
QUIET: Final = {"NODE_NO_WARNINGS": "1", "MINIFLARE_WORKERD_CONFIG_DEBUG": "", "NO_COLOR": "1"}


class Server:
    """A running workerd. `url` ends without a slash; `logs` holds every line it has written."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.logs: list[str] = []
        self._changed = threading.Condition()
        self._address: queue.Queue[str | None] = queue.Queue()
        self._child = subprocess.Popen(
            [str(VENV_BIN / "node"), str(STANDALONE / "serve.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **tool_environ(), **QUIET},
            start_new_session=os.name != "nt",
        )
        assert self._child.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # its last words are in the log
            self._child.stdin.write(json.dumps(options).encode() + b"\n")
            self._child.stdin.flush()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = self._wait_for_address()

    def _read(self) -> None:
        assert self._child.stdout is not None
        for raw in self._child.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            if line.startswith('{"url":'):
                self._address.put(json.loads(line)["url"].rstrip("/"))
                continue
            with self._changed:
                self.logs.append(line)
                self._changed.notify_all()
        self._address.put(None)
        with self._changed:
            self._changed.notify_all()

    def _wait_for_address(self) -> str:
        try:
            address = self._address.get(timeout=START_TIMEOUT_S)
        except queue.Empty:
            address = None
        if address is None:
            self.stop()
            said = "\n".join(f"    {line}" for line in self.logs[-25:])
            raise BuildError(f"workerd did not start; it said:\n{said}")
        return address

    def wait_for_log(self, text: str, timeout_s: float = 10.0) -> str:
        """The first line that holds ``text``, once it has been written.

        Raises:
            TimeoutError: It was not written in time; names what was.
        """

        def found() -> str | None:
            return next((line for line in self.logs if text in line), None)

        with self._changed:
            self._changed.wait_for(found, timeout_s)
            line = found()
        if line is None:
            raise TimeoutError(f"no log line holds {text!r} but: {self.logs[-20:]}")
        return line

    def stop(self) -> None:
        """End it, and wait until it has; again is fine."""
        if self._child.stdin is not None:
            with contextlib.suppress(OSError):
                self._child.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(5)
        stop_group(self._child)
        self._reader.join(5)
        if self._child.stdout is not None:
            self._child.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def options(
    folder: Path,
    *,
    port: int = 0,
    vars: Mapping[str, Any] | None = None,
    bindings: Mapping[str, Any] | None = None,
    assets: Path | None = None,
    compatibility_flags: Sequence[str] = (),
    others: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Miniflare's options for an upload; the arguments are those of `serve`."""
    modules = [folder / "main.mjs", *(p for p in sorted(folder.iterdir()) if p.suffix != ".mjs")]
    worker: dict[str, Any] = {
        "name": "app",
        "compatibilityDate": COMPATIBILITY_DATE,
        "compatibilityFlags": list(compatibility_flags),
        "modulesRoot": str(folder),
        "modules": [
            {"type": KINDS[path.suffix], "path": str(path)}
            for path in modules
            if path.suffix in KINDS
        ],
        "bindings": dict(vars or {}),
    }
    if assets is not None:
        worker["assets"] = {
            "directory": str(assets),
            "binding": "ASSETS",
            "routerConfig": {"invoke_user_worker_ahead_of_assets": True, "has_user_worker": True},
            "run_worker_first": True,
        }
    worker.update(bindings or {})
    # `cf: false`: no look-up of this machine's address; telemetry and the explorer stay off.
    return {
        "host": "127.0.0.1",
        "port": port,
        "cf": False,
        "unsafeTriggerHandlers": True,
        "workers": [worker, *others],
    }


def serve(
    folder: Path,
    *,
    port: int = 0,
    vars: Mapping[str, Any] | None = None,
    bindings: Mapping[str, Any] | None = None,
    assets: Path | None = None,
    compatibility_flags: Sequence[str] = (),
    others: Sequence[Mapping[str, Any]] = (),
) -> Server:
    """Start workerd on an upload that `standalone.ensure` made.

    Args:
        folder: The upload.
        port: On 127.0.0.1; 0 takes a free one.
        vars: Plain variables and secrets: name -> text or JSON value of `env`.
        bindings: Miniflare's options for the Worker, for example ``{"kvNamespaces": ["KV"],
            "queueProducers": {"QUEUE": "jobs"}, "queueConsumers": {"jobs": {"maxBatchTimeout": 0}},
            "durableObjects": {"COUNTER": "Counter"}, "ratelimits": {"LIMIT": {"namespace_id": "1",
            "simple": {"limit": 2, "period": 60}}}}``.
        assets: A folder of static files, bound as ASSETS; the Worker is asked first.
        compatibility_flags: Beside what the compatibility date brings.
        others: Further Workers in the same workerd, as Miniflare's options; this one is "app".

    Raises:
        BuildError: It did not start; says why.
    """
    return Server(
        options(
            folder,
            port=port,
            vars=vars,
            bindings=bindings,
            assets=assets,
            compatibility_flags=compatibility_flags,
            others=others,
        )
    )
