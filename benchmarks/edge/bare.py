# SPDX-License-Identifier: MIT OR Apache-2.0
"""An upload in workerd itself, without Miniflare, whose own workers share the process and grow.

Bare, what the process uses is the upload's, V8's inspector says how large its heap is, and
`--expose-gc` lets a Worker collect it first.

Source: workerd.capnp; `workerd serve --help`, --control-fd; Chrome DevTools Protocol, `Runtime`;
RFC 6455.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import tempfile
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from tasks.paths import VENV_BIN, WORKER
from tasks.workerd import COMPATIBILITY_DATE

KINDS: Final = {".mjs": "esModule", ".wasm": "wasm", ".zip": "data"}
FIND: Final = "process.stdout.write(require('workerd').default)"
TIMEOUT_S: Final = 30.0
CONFIG: Final = """using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  v8Flags = ["--expose-gc"],
  services = [
    (name = "main", worker = .app),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const app :Workerd.Worker = (
  modules = [%s],
  bindings = [%s],
  compatibilityDate = %s,
);
"""


def binary() -> str:
    """Where npm's workerd is for this machine."""
    command = [str(VENV_BIN / "node"), "-e", FIND]
    return subprocess.run(
        command, cwd=WORKER, check=True, capture_output=True, text=True
    ).stdout.strip()


class Bare:
    """A running workerd; `url` ends without a slash, `pid` is its process."""

    def __init__(self, modules: Mapping[str, Path], vars: Mapping[str, str]) -> None:
        """Start it.

        Args:
            modules: By name, the main one first.
            vars: Text of `env`.
        """
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name).resolve()
        path = folder / "config.capnp"
        parts = [
            f"(name = {json.dumps(name)}, {KINDS[file.suffix]} = "
            f"embed {json.dumps(os.path.relpath(file.resolve(), folder))})"
            for name, file in modules.items()
        ]
        texts = [
            f"(name = {json.dumps(name)}, text = {json.dumps(text)})" for name, text in vars.items()
        ]
        path.write_text(CONFIG % (", ".join(parts), ", ".join(texts), f'"{COMPATIBILITY_DATE}"'))
        command = [binary(), "serve", "--control-fd=1", "--inspector-addr=127.0.0.1:0", str(path)]
        self._log = (folder / "log").open("w+")
        self._child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log, text=True)
        self.pid = self._child.pid
        ports = self._ports()
        self.url = f"http://127.0.0.1:{ports['listen']}"
        self._inspector = ports["listen-inspector"]

    def _ports(self) -> dict[str, int]:
        ports: dict[str, int] = {}
        assert self._child.stdout is not None
        while not {"listen", "listen-inspector"} <= ports.keys():
            said = self._child.stdout.readline()
            if not said:
                self._log.seek(0)
                raise RuntimeError(f"workerd did not start: {self._log.read()[-2000:]}")
            event = json.loads(said)
            ports[event["event"]] = event["port"]
        return ports

    def get(self, path: str) -> bytes:
        """The body of a path."""
        with urllib.request.urlopen(self.url + path, timeout=TIMEOUT_S) as answer:
            body: bytes = answer.read()
        return body

    def js_heap_bytes(self) -> int:
        """What the isolate's JavaScript heap has in use, garbage that is still there too."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._inspector}/json", timeout=10) as said:
            target = json.load(said)[0]["id"]
        usage = _ask(self._inspector, f"/{target}", "Runtime.getHeapUsage")
        return int(usage["usedSize"])

    def stop(self) -> None:
        """End it; again is fine."""
        self._child.kill()
        self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()
        self._log.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()


def modules_of(upload: Path) -> dict[str, Path]:
    """The modules of an upload that `tasks.standalone` made, the main one first."""
    rest = [path for path in sorted(upload.iterdir()) if path.suffix in (".wasm", ".zip")]
    return {path.name: path for path in (upload / "main.mjs", *rest)}


def _ask(port: int, path: str, method: str) -> dict[str, Any]:
    """One question to an inspector, on a WebSocket of its own."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as connection:
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        stream = connection.makefile("rb")
        while stream.readline().strip():
            continue
        text = json.dumps({"id": 1, "method": method}).encode()  # below 126 bytes
        connection.sendall(bytes([0x81, 0x80 | len(text)]) + bytes(4) + text)  # a mask of zeros
        while True:
            size = stream.read(2)[1]
            if size > 125:
                size = struct.unpack(
                    *((">H", stream.read(2)) if size == 126 else (">Q", stream.read(8)))
                )[0]
            said = json.loads(stream.read(size))
            if said.get("id") == 1:
                result: dict[str, Any] = said["result"]
                return result
