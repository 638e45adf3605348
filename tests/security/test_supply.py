# SPDX-License-Identifier: MIT OR Apache-2.0
"""What is installed to build, and what is handed out: by hash, and nothing more than was meant."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import zipfile
from pathlib import Path

import pytest

from tasks import bundle, wheel
from tasks.paths import CACHE, DIST, PACKAGE, ROOT

REQUIREMENTS = sorted(ROOT.glob("requirements*.txt"))
LOCKS = [ROOT / folder / "package-lock.json" for folder in ("browser", "worker")]
REGISTRY = "https://registry.npmjs.org/"
built = pytest.mark.skipif(not DIST.exists(), reason="no bundle; run: python3 build.py bundle")


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_python_packages_are_pinned_by_hash(path: Path) -> None:
    """Every requirement names one version and at least one SHA-256, and no other place to look."""
    lines = path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    named = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    assert named
    for line in named:
        assert re.match(r"[\w.-]+(?:\[[\w,]+\])?==[\w.!+-]+(?: ;[^#]*?)? +--hash", line), line
        assert re.fullmatch(r".*?(?: +--hash=sha256:[0-9a-f]{64})+\s*", line), line


def test_pip_installs_by_hash_and_runs_no_strangers_build() -> None:
    """The one command that installs asks for hashes and for wheels."""
    text = (ROOT / "tasks" / "environment.py").read_text(encoding="utf-8")
    assert '"--require-hashes", "--only-binary", ":all:"' in text


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.parent.name)
def test_npm_packages_are_pinned_by_hash(path: Path) -> None:
    """Every package of the lock file has a SHA-512 and comes from npm's registry."""
    packages = json.loads(path.read_text(encoding="utf-8"))["packages"]
    others = {name: entry for name, entry in packages.items() if name and not entry.get("link")}
    assert others
    for name, entry in others.items():
        if entry.get("inBundle"):
            continue  # a part of the package that bundles it, whose hash covers it
        assert entry["integrity"].startswith("sha512-"), name
        assert entry.get("resolved", REGISTRY).startswith(REGISTRY), name


@pytest.mark.parametrize("path", sorted((ROOT / "tasks").glob("*.py")), ids=lambda path: path.name)
def test_npm_runs_no_scripts_of_packages(path: Path) -> None:
    """Whatever installs npm packages says so."""
    for command in re.findall(r'"npm", "(?:ci|install)"[^\]]*', path.read_text(encoding="utf-8")):
        assert "--ignore-scripts" in command


@built
def test_the_wheel_holds_the_package_and_nothing_else() -> None:
    """Each file of agent/edgetrace, byte for byte, and the metadata, whose RECORD is true."""
    sources = {
        f"edgetrace/{path.relative_to(PACKAGE).as_posix()}": path.read_bytes()
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix in (".py", ".typed") and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(DIST / f"edgetrace-{wheel.version()}-py3-none-any.whl") as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    info = f"edgetrace-{wheel.version()}.dist-info/"
    meta = {name.removeprefix(info): held.pop(name) for name in list(held) if info in name}
    assert set(meta) == {
        *("METADATA", "WHEEL", "RECORD", "entry_points.txt"),
        *("licenses/LICENSE-MIT", "licenses/LICENSE-APACHE"),
    }
    assert set(held) == set(sources)
    if (CACHE / "dist.stamp").read_text() == bundle.digest():  # else sources have changed since
        assert held == sources
    assert "Requires-Dist" not in meta["METADATA"].decode().partition("Provides-Extra")[0]
    rows = [row for row in csv.reader(io.StringIO(meta["RECORD"].decode())) if row[1]]
    everything = {**held, **{info + name: data for name, data in meta.items()}}
    assert len(rows) == len(everything) - 1
    for name, digest, size in rows:
        data = everything[name]
        raw = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        assert (digest, int(size)) == (f"sha256={raw}", len(data))


@built
def test_the_manifest_has_the_hash_for_a_script_tag() -> None:
    """`integrity` is what a browser computes of the file that is served."""
    files = json.loads((DIST / "manifest.json").read_text(encoding="utf-8"))["files"]
    for name in ("agent.js", "edgetrace-worker.js", "edgetrace-edge.js"):
        digest = hashlib.sha384((DIST / name).read_bytes()).digest()
        assert files[name]["integrity"] == "sha384-" + base64.b64encode(digest).decode()
