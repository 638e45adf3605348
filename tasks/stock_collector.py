# SPDX-License-Identifier: MIT OR Apache-2.0
"""Builds a stock OpenTelemetry Collector, once, into .cache/otelcol/, for the conformance test.

    python -m tasks.stock_collector build    make it if it is missing; last line: its path
    python -m tasks.stock_collector path     the path where it is or would be

Go's official builder (go.opentelemetry.io/collector/cmd/builder) makes it from core components
only, all of one pinned release, checked by Go's checksum database like any Go module. The folder's
name holds a digest of the manifest, so changing a version here builds anew.

Exit codes: 0 it is there, 1 the build failed, 3 it cannot be built on this machine (no Go, or the
module proxy is out of reach; one line says which), 2 usage.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tasks.console import BuildError, run, say, step
from tasks.paths import CACHE

# The Collector's modules come in two series that are released together: v0.N and v1.(N-94).
# Not the newest: from some later release on both components need internal/statusutil, which the
# module proxy used here did not serve (403, November 2026, tried with v0.164.0).
_VERSION: Final = "v0.158.0"
_STABLE_VERSION: Final = "v1.64.0"
_MODULES: Final = "go.opentelemetry.io/collector"
_BUILDER: Final = f"{_MODULES}/cmd/builder@{_VERSION}"
_MANIFEST: Final = f"""\
dist:
  module: edgetrace.test/otelcol
  name: otelcol
  description: OpenTelemetry Collector, core components, for edgetrace's conformance test
  version: {_VERSION.removeprefix("v")}
  output_path: ./src
receivers:
  - gomod: {_MODULES}/receiver/otlpreceiver {_VERSION}
exporters:
  - gomod: {_MODULES}/exporter/otlphttpexporter {_VERSION}
  - gomod: {_MODULES}/exporter/debugexporter {_VERSION}
providers:
  - gomod: {_MODULES}/confmap/provider/fileprovider {_STABLE_VERSION}
  - gomod: {_MODULES}/confmap/provider/envprovider {_STABLE_VERSION}
telemetry:
  gomod: {_MODULES}/service {_VERSION}
  import: {_MODULES}/service/telemetry/otelconftelemetry
"""
_FOLDER: Final = CACHE / "otelcol" / hashlib.sha256(_MANIFEST.encode()).hexdigest()[:12]
_SUFFIX: Final = ".exe" if os.name == "nt" else ""
BINARY: Final = _FOLDER / f"otelcol{_SUFFIX}"
# Go's own installers put it here without touching PATH. Source: go.dev/doc/install.
_USUAL_GO: Final = Path("/usr/local/go/bin/go")
CANNOT_BUILD_HERE: Final = 3
_PROXY_TIMEOUT_S: Final = 60.0
_BUILD_TIMEOUT_S: Final = 1800.0


def build() -> Path:
    """Make the binary unless it is there, and return its path.

    Raises:
        BuildError: exit_code 3 if this machine cannot build it, 1 if the build failed.
    """
    if BINARY.exists():
        return BINARY
    go = _go()
    work = _FOLDER / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    environ = {"GOBIN": str(work), "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false -trimpath"}
    manifest = work / "manifest.yaml"
    manifest.write_text(_MANIFEST)

    # The builder looks for `go` on PATH.
    environ["PATH"] = f"{Path(go).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    try:
        with step("stock collector: asking the Go module proxy"):
            _run([go, "list", "-m", _BUILDER], work, environ, _PROXY_TIMEOUT_S)
        with step("stock collector: Go's collector builder"):
            _run([go, "install", _BUILDER], work, environ)
        with step("stock collector: sources and modules"):
            builder = work / f"builder{_SUFFIX}"
            _run([builder, "--config", manifest, "--skip-compilation"], work, environ)
    except BuildError as exc:
        # All that is needed so far comes from the proxy: its reason is the last line that says one.
        lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
        raise BuildError(
            "stock collector: skipped, its modules cannot be had from the Go module proxy "
            f"(GOPROXY names another): {lines[-1][:200]}",
            CANNOT_BUILD_HERE,
        ) from exc
    with step("stock collector: compiling (minutes, once)"):
        output = str(work / BINARY.name)
        _run([go, "build", "-ldflags", "-s -w", "-o", output, "."], work / "src", environ)
    os.replace(work / BINARY.name, BINARY)
    shutil.rmtree(work, ignore_errors=True)
    return BINARY


def _run(
    command: Sequence[str | Path],
    folder: Path,
    environ: Mapping[str, str],
    timeout_s: float = _BUILD_TIMEOUT_S,
) -> None:
    run(
        command,
        what="stock collector",
        remedy="The other tests run without it.",
        cwd=folder,
        environ=environ,
        timeout_s=timeout_s,
    )


def _go() -> str:
    found = shutil.which("go") or (str(_USUAL_GO) if _USUAL_GO.exists() else None)
    if found is None:
        raise BuildError(
            "stock collector: skipped, Go is not installed (https://go.dev/dl/ has it)",
            CANNOT_BUILD_HERE,
        )
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tasks.stock_collector",
        description="Build a stock OpenTelemetry Collector for the conformance test.",
    )
    parser.add_argument(
        "command", choices=("build", "path"), help="build it if missing, or print where it is"
    )
    options = parser.parse_args(arguments)
    if options.command == "path":
        say(str(BINARY))
        return 0
    try:
        say(str(build()))
    except BuildError as exc:
        print(exc, file=sys.stderr)
        return exc.exit_code
    except KeyboardInterrupt:
        print("stock collector: stopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
