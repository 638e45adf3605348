# SPDX-License-Identifier: MIT OR Apache-2.0
"""`build.py bundle`: all that a site serves, in one folder, the same bytes from the same tree.

    dist/
      agent.js, edgetrace-worker.js, …-edge.js       esbuild, browser/
      edgetrace-agent.zip                            of agent/edgetrace what the runtime reaches
      edgetrace-bytecode.zip, edgetrace-stdlib.zip   that, and what it imports, for this Pyodide
      edgetrace-<version>-py3-none-any.whl           hatchling, plain sources
      pyodide/…                                      npm's pyodide, edgetrace in its lock file
      manifest.json                                  sizes, SHA-256, SRI
      ….br, ….gz                                     of each file that gains by it

The folder is made under .cache/ and renamed into place, so dist/ is always a whole bundle.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tasks import browser_stdlib, budget, compressed, lockfile, manifest, wheel
from tasks.agent_archive import agent_zip, modules
from tasks.console import run, say, step
from tasks.node import tool_environ
from tasks.paths import BROWSER, CACHE, DIST, PACKAGE, PYODIDE, ROOT, VENV_BIN
from tasks.stamps import one_at_a_time

PYODIDE_FILES: Final = (
    "pyodide.mjs",
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    "python_stdlib.zip",
)
HASHED_BYTES: Final = 1_000_000
NOT_SOURCE: Final = {"node_modules", "demo", "__pycache__"}


def _inputs() -> Iterator[Path]:
    """Every file that decides what is in dist/."""
    yield from (ROOT / "pyproject.toml", ROOT / "README.md", ROOT / "requirements-pyodide.txt")
    yield from sorted(ROOT.glob("LICENSE*"))
    for folder in (PACKAGE, BROWSER, ROOT / "tasks"):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not NOT_SOURCE & set(path.relative_to(folder).parts):
                yield path
    yield from (BROWSER / "node_modules" / ".edgetrace-stamp", ROOT / ".venv" / ".edgetrace-stamp")


def digest() -> str:
    """SHA-256 over the inputs' names and contents."""
    total = hashlib.sha256()
    for path in _inputs():
        contents = path.read_bytes()
        total.update(f"{path.relative_to(ROOT).as_posix()}:{len(contents)}:".encode())
        total.update(contents)
    return total.hexdigest()


def _is_current(stamp: Path, now: str) -> bool:
    """Whether dist/ is whole and was made from what is here now."""
    listed = DIST / "manifest.json"
    if not (stamp.exists() and stamp.read_text() == now and listed.exists()):
        return False
    files = json.loads(listed.read_text(encoding="utf-8"))["files"]
    return all(_is_listed(DIST / name, entry) for name, entry in files.items())


def _is_listed(path: Path, entry: dict[str, int | str]) -> bool:
    """Whether a file is what the manifest says; of Pyodide's megabytes the size must do."""
    if not path.exists() or path.stat().st_size != entry["bytes"]:
        return False
    packed = path.with_name(path.name + ".br")
    if "br_bytes" in entry and not (packed.exists() and packed.stat().st_size == entry["br_bytes"]):
        return False
    return path.stat().st_size > HASHED_BYTES or (
        hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]
    )


def _build_scripts(folder: Path, work: Path) -> None:
    """Run `npm run build` in a copy of browser/, whose ../dist is thus not ours yet."""
    copy = work / "browser"
    shutil.copytree(BROWSER, copy, ignore=shutil.ignore_patterns(*NOT_SOURCE))
    (copy / "node_modules").symlink_to(BROWSER / "node_modules", target_is_directory=True)
    version_file = work / "agent" / "edgetrace" / "_version.py"
    version_file.parent.mkdir(parents=True)
    shutil.copy(PACKAGE / "_version.py", version_file)
    (work / "dist").mkdir()
    run(
        [VENV_BIN / "npm", "run", "build", "--silent"],
        what="npm run build in browser/",
        cwd=copy,
        environ=tool_environ(),
    )
    for name in ("agent.js", *(f"edgetrace-{name}.js" for name in ("worker", "held", "edge"))):
        shutil.copy(work / "dist" / name, folder / name)


def write(folder: Path, work: Path) -> None:
    """Write a whole bundle into the empty ``folder``; ``work`` is for what is needed meanwhile."""
    with step("building agent.js, edgetrace-worker.js, edgetrace-held.js and edgetrace-edge.js"):
        _build_scripts(folder, work)
    with step("packing the agent, building the wheel"):
        (folder / "edgetrace-agent.zip").write_bytes(agent_zip())
        agent = modules()
        (folder / "edgetrace-bytecode.zip").write_bytes(browser_stdlib.agent_zip(agent))
        (folder / "edgetrace-stdlib.zip").write_bytes(browser_stdlib.stdlib_zip(agent))
        built = wheel.build(folder)
    with step("copying Pyodide, adding edgetrace to its lock file"):
        (folder / "pyodide").mkdir()
        for name in PYODIDE_FILES:
            shutil.copyfile(PYODIDE / name, folder / "pyodide" / name)
        shutil.copyfile(built, folder / "pyodide" / built.name)  # where loadPackage looks for it
        table = (PYODIDE / "pyodide-lock.json").read_text(encoding="utf-8")
        locked = lockfile.with_entries(table, lockfile.entries([built]))
        (folder / "pyodide" / "pyodide-lock.json").write_text(locked, encoding="utf-8")
    with step("compressing what gains by it"):
        compressed.write(folder)
    with step("hashing"):
        pyodide = json.loads((PYODIDE / "package.json").read_text(encoding="utf-8"))
        listed = manifest.render(folder, wheel.version(), pyodide["version"])
        (folder / "manifest.json").write_text(listed, encoding="utf-8")


def ensure(force: bool = False) -> bool:
    """Bring dist/ up to date; returns whether anything had to be made."""
    stamp = CACHE / "dist.stamp"
    if not force and _is_current(stamp, digest()):
        return False
    with one_at_a_time():
        now = digest()
        if not force and _is_current(stamp, now):
            return False  # made by the build.py we waited for
        _replace(stamp, now)
    return True


def _replace(stamp: Path, now: str) -> None:
    """Make the bundle aside and rename it into place."""
    work = CACHE / "bundle"
    shutil.rmtree(work, ignore_errors=True)
    folder = work / "new"
    folder.mkdir(parents=True)
    try:
        write(folder, work)
        stamp.unlink(missing_ok=True)
        if DIST.exists():
            DIST.rename(work / "old")
        folder.rename(DIST)
        stamp.write_text(now)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `bundle`."""
    parser.add_argument("--force", action="store_true", help="make it anew even if nothing changed")


def main(args: argparse.Namespace) -> int:
    """`build.py bundle`."""
    if not ensure(args.force):
        say("dist/ is up to date")
    lines = [*budget.compare(DIST), budget.start(DIST)]
    for line in lines:
        say(f"  {line}")
    over = [line.what for line in lines if not line.kept]
    if over:
        print(f"over budget: {', '.join(over)} (limits: pyproject.toml)", file=sys.stderr)
    return 1 if over else 0
