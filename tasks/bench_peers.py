# SPDX-License-Identifier: MIT OR Apache-2.0
"""What `build.py bench` compares with, installed at pinned versions into .cache/, once.

    python   an environment for CPython          benchmarks/peers/requirements.txt
    wheels   the same packages, pure, to unpack in Pyodide
    npm      OpenTelemetry JS, Faro, Sentry      benchmarks/peers/package-lock.json
    edge     otel-cf-workers, whose OpenTelemetry API is a version older, so in a folder of its own

Knows how to get them and how to bundle a script that imports them; not what is measured. No test
uses any of it.
"""

from __future__ import annotations

import platform
import shutil
import venv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tasks.console import run, step
from tasks.node import tool_environ
from tasks.paths import CACHE, ROOT, VENV_BIN, VENV_PYTHON
from tasks.stamps import digest, fetching, one_at_a_time, put_stamp, stamped

FOLDER: Final = ROOT / "benchmarks" / "peers"
REQUIREMENTS: Final = FOLDER / "requirements.txt"
HOME: Final = CACHE / "bench"
PYTHON: Final = HOME / "python"
WHEELS: Final = HOME / "wheels"
NPM: Final = HOME / "npm"
EDGE: Final = HOME / "edge"
BUNDLES: Final = HOME / "bundles"
PYODIDE_PYTHON: Final = "3.14"
TARGETS: Final = {
    "worker": ("browser", "esm"),
    "page": ("browser", "iife"),
    "module": ("browser", "esm"),
    "node": ("node", "esm"),
}
"""esbuild's platform and format: a Worker, a script tag, a module of a page, a program for
Node."""

NODE_MODULES: Final = ("async_hooks", "buffer", "crypto", "events", "os", "perf_hooks", "util")
"""Which packages import without the prefix that workerd wants."""


def python() -> Path:
    """The interpreter of the environment with the Python peers.

    Raises:
        BuildError: It could not be made, for want of network for instance.
    """

    def make(folder: Path) -> None:
        venv.create(folder, with_pip=True)
        install = [folder / "bin" / "python", "-m", "pip", "install", "--quiet"]
        run([*install, "--no-deps", "-r", REQUIREMENTS], what="pip install of the peers")

    # An environment knows its own path, so it cannot be renamed into place.
    expected = digest(REQUIREMENTS, platform.python_version())
    _once(PYTHON, expected, "the Python peers", make, in_place=True)
    return PYTHON / "bin" / "python"


def wheels() -> list[Path]:
    """The Python peers' pure wheels.

    Raises:
        BuildError: They could not be fetched.
    """

    def make(folder: Path) -> None:
        command = [VENV_PYTHON, "-m", "pip", "download", "--quiet", "--no-deps", "-d", folder]
        command += ["--python-version", PYODIDE_PYTHON, "--implementation", "py", "--abi", "none"]
        command += ["--platform", "any", "--only-binary", ":all:", "-r", REQUIREMENTS]
        run(command, what="pip download of the peers")

    _once(WHEELS, digest(REQUIREMENTS), "the Python peers' wheels", make)
    return sorted(WHEELS.glob("*.whl"))


def npm(folder: Path = FOLDER, place: Path = NPM) -> Path:
    """A folder with node_modules of the JavaScript peers.

    Raises:
        BuildError: npm could not install them.
    """
    names = ("package.json", "package-lock.json")

    def make(made: Path) -> None:
        for name in names:
            shutil.copy(folder / name, made / name)
        # As in tasks/node.py: no package's install script is run.
        run(
            [VENV_BIN / "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            what="npm ci of the peers",
            cwd=made,
            environ=tool_environ() | {"npm_config_fetch_retries": "1"},
        )

    _once(place, digest(*(folder / name for name in names)), "the JavaScript peers", make)
    return place


def edge() -> Path:
    """A folder with node_modules of the Worker's peer; see `npm`."""
    return npm(FOLDER / "edge", EDGE)


def bundle(
    script: Path,
    target: str,
    packages: Path | None = None,
    inputs: Mapping[str, Path] | None = None,
) -> Path:
    """Bundle and minify a script with the peers it imports.

    Args:
        script: Of benchmarks/; imports packages by name.
        target: A key of `TARGETS`.
        packages: Where node_modules is; that of `npm` if None.
        inputs: Files that it imports by these names.

    Raises:
        BuildError: esbuild refused it, or the peers are not to be had.
    """
    place = packages or npm()
    system, form = TARGETS[target]
    made = BUNDLES / f"{script.stem}-{target}.{'js' if form == 'iife' else 'mjs'}"
    stamp = made.with_suffix(".stamp")
    near = sorted(script.parent.glob("*.mjs"))
    expected = digest(*near, *(inputs or {}).values(), place / "package-lock.json", target)
    if made.exists() and stamp.exists() and stamp.read_text() == expected:
        return made
    made.parent.mkdir(parents=True, exist_ok=True)
    command = [place / "node_modules" / ".bin" / "esbuild", script, "--bundle", "--minify"]
    command += [f"--platform={system}", f"--format={form}", f"--outfile={made}"]
    command += ["--target=es2022", "--log-level=error"]
    command += [f"--alias:{name}={path}" for name, path in (inputs or {}).items()]
    if target == "worker":
        command += ["--conditions=workerd,worker,browser", "--main-fields=browser,module,main"]
        command += ["--external:node:*", "--external:cloudflare:*"]
        command += [f"--alias:{name}=node:{name}" for name in NODE_MODULES]
    elif target == "node":  # what is CommonJS among the peers calls require of Node's own modules
        command.append(
            "--banner:js=import{createRequire}from'node:module';"
            "const require=createRequire(import.meta.url);"
        )
    environ = tool_environ() | {"NODE_PATH": str(place / "node_modules")}
    run(command, what=f"bundling {script.name}", environ=environ)
    stamp.write_text(expected)
    return made


def _once(
    place: Path, expected: str, what: str, make: Callable[[Path], None], in_place: bool = False
) -> None:
    """Make a folder aside, rename it into place, say by a stamp that it is whole."""
    if stamped(place, expected):
        return
    with one_at_a_time():
        if stamped(place, expected):
            return
        work = place if in_place else place.with_name(f"{place.name}.new")
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        with step(f"installing {what}"):
            fetching("the package registry", lambda: make(work))
        put_stamp(work, expected)
        if not in_place:
            shutil.rmtree(place, ignore_errors=True)
            work.rename(place)


def reason(exc: BaseException) -> str:
    """Why something is left out, in one line: what failed, and its last word."""
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    if not lines:
        return type(exc).__name__
    return lines[0][:120] if len(lines) == 1 else f"{lines[0][:80]} {lines[-1][:120]}"
