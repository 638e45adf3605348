# SPDX-License-Identifier: MIT OR Apache-2.0
"""The bundle: whole, honest about itself, the same bytes from the same tree, loadable by name."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tasks import bundle, manifest, wheel
from tasks.node import tool_environ
from tasks.paths import BROWSER, CACHE, DIST, PYODIDE, ROOT, VENV

pytestmark = pytest.mark.skipif(
    not (DIST / "manifest.json").exists(), reason="no bundle; run: python3 build.py bundle"
)
WHEEL = f"edgetrace-{wheel.version()}-py3-none-any.whl"

LOAD = """
import { pathToFileURL } from "node:url";
const [folder, lock] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
const pyodide = await loadPyodide({ lockFileURL: lock, packages: ["edgetrace"] });
console.log(pyodide.runPython("import edgetrace; edgetrace.__version__"));
"""

UNPACKED = """
const { createHash } = require("node:crypto");
const { brotliDecompressSync } = require("node:zlib");
for (const name of process.argv.slice(1)) {
  const plain = brotliDecompressSync(require("node:fs").readFileSync(name));
  console.log(createHash("sha256").update(plain).digest("hex"));
}
"""


def test_the_bundle_holds_what_a_site_serves() -> None:
    """Loader, worker, edge runtime, agent, wheel, Pyodide, manifest, and nothing else."""
    found = {
        path.relative_to(DIST).as_posix()
        for path in DIST.rglob("*")
        if path.is_file() and path.suffix not in manifest.FORMS
    }
    pyodide = {f"pyodide/{name}" for name in (*bundle.PYODIDE_FILES, "pyodide-lock.json", WHEEL)}
    archives = {f"edgetrace-{name}.zip" for name in ("agent", "bytecode", "stdlib")}
    modules = {f"edgetrace-{name}.js" for name in ("worker", "held", "edge")}
    ours = {"agent.js", WHEEL} | modules | archives
    assert found == ours | pyodide | {"manifest.json"}


def test_the_manifest_is_true() -> None:
    """Every line of the manifest is what its file's bytes say."""
    listed = json.loads((DIST / "manifest.json").read_text(encoding="utf-8"))
    for name, entry in listed["files"].items():
        entry.pop("br_bytes", 0)
        assert manifest.describe((DIST / name).read_bytes()) == entry, name


def test_compressed_forms_are_their_files() -> None:
    """Each `.br` and `.gz` holds the file beside it, a tenth smaller or more."""
    listed = json.loads((DIST / "manifest.json").read_text(encoding="utf-8"))["files"]
    packed = [path for path in DIST.rglob("*") if path.suffix in manifest.FORMS]
    assert {path for path in packed if path.suffix == ".br"} == {
        DIST / f"{name}.br" for name, entry in listed.items() if "br_bytes" in entry
    }
    assert DIST / "pyodide" / "pyodide.asm.wasm.br" in packed
    for path in packed:
        plain = path.with_suffix("").read_bytes()
        assert path.stat().st_size <= 0.9 * len(plain)
        if path.suffix == ".gz":
            assert gzip.decompress(path.read_bytes()) == plain, path.name
    brotli = [str(path) for path in packed if path.suffix == ".br"]
    child = subprocess.run(
        ["node", "-e", UNPACKED, *brotli],
        capture_output=True,
        text=True,
        env={**os.environ, **tool_environ()},
        check=True,
    )
    hashes = [hashlib.sha256(Path(name[:-3]).read_bytes()).hexdigest() for name in brotli]
    assert child.stdout.split() == hashes


def test_the_agent_archive_holds_two_files() -> None:
    """What finds the modules, and the modules in one piece; test_agent_archive.py says of what."""
    with zipfile.ZipFile(DIST / "edgetrace-agent.zip") as archive:
        assert archive.namelist() == ["edgetrace/__init__.py", "edgetrace/modules.bz2"]


def test_two_folders_make_the_same_bytes(tmp_path: Path) -> None:
    """A copy of the tree elsewhere bundles to files that are equal byte for byte."""
    copy = tmp_path / "elsewhere"
    copy.mkdir()
    for name in ("agent", "tasks"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    ignored = shutil.ignore_patterns("node_modules", "demo")
    shutil.copytree(BROWSER, copy / "browser", ignore=ignored)
    single = ("build.py", "pyproject.toml", "README.md", "LICENSE-*", "requirements-*.txt")
    for path in (path for pattern in single for path in ROOT.glob(pattern)):
        shutil.copy(path, copy / path.name)
    (copy / ".cache").mkdir()
    for link, target in (
        (".venv", VENV),
        ("browser/node_modules", BROWSER / "node_modules"),
        (".cache/pyodide-wheels", CACHE / "pyodide-wheels"),
        (".cache/compressed", CACHE / "compressed"),  # kept by content
    ):
        (copy / link).symlink_to(target, target_is_directory=True)
    for folder in (ROOT, copy):
        child = subprocess.run(
            [sys.executable, str(folder / "build.py"), "bundle", *(["--force"] * (folder == copy))],
            capture_output=True,
            text=True,
            check=False,
        )
        assert child.returncode == 0, child.stdout + child.stderr
    ours, theirs = ((folder / "dist" / "manifest.json").read_text() for folder in (ROOT, copy))
    assert json.loads(theirs) == json.loads(ours)


def test_pyodide_loads_the_wheel_by_name_from_the_lock_file() -> None:
    """In Node, loadPyodide({lockFileURL, packages: ["edgetrace"]}) imports the bundled wheel."""
    folder = DIST / "pyodide"
    child = subprocess.run(
        ["node", "--input-type=module", "-", str(folder), str(folder / "pyodide-lock.json")],
        input=LOAD,
        capture_output=True,
        text=True,
        env={**os.environ, **tool_environ()},
        check=False,
    )
    assert child.stdout.splitlines()[-1:] == [wheel.version()], child.stderr[-2000:]


def test_the_lock_file_is_pyodides_own_plus_one_entry() -> None:
    """Nothing of Pyodide's table is changed, and the entry's hash is the wheel's."""
    theirs = json.loads((PYODIDE / "pyodide-lock.json").read_text(encoding="utf-8"))
    ours = json.loads((DIST / "pyodide" / "pyodide-lock.json").read_text(encoding="utf-8"))
    entry = ours["packages"].pop("edgetrace")
    assert ours == theirs
    assert entry["imports"] == ["edgetrace"]
    assert entry["sha256"] == manifest.describe((DIST / WHEEL).read_bytes())["sha256"]


@pytest.mark.skipif(
    importlib.util.find_spec("pyodide_build") is None,
    reason="pyodide-build for this lock format needs Python 3.12",
)
def test_pyodide_build_makes_the_same_lock_file(tmp_path: Path) -> None:
    """`pyodide lockfile add-wheels` on Pyodide's table gives what micropip.freeze gave us."""
    shutil.copy(DIST / WHEEL, tmp_path)
    pyodide = Path(sys.executable).with_name("pyodide")
    table = str(PYODIDE / "pyodide-lock.json")
    command = [str(pyodide), "lockfile", "add-wheels", "--input", table, "--output", "lock.json"]
    subprocess.run([*command, WHEEL], cwd=tmp_path, check=True)
    ours = json.loads((DIST / "pyodide" / "pyodide-lock.json").read_text(encoding="utf-8"))
    assert json.loads((tmp_path / "lock.json").read_text()) == ours


def test_pip_installs_the_wheel(tmp_path: Path) -> None:
    """Without a network pip installs it, it imports from there, and its plugin is declared."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--target", str(tmp_path), str(DIST / WHEEL)], check=True)
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import edgetrace; "
        "from importlib.metadata import distribution; d = distribution('edgetrace'); "
        "print(edgetrace.__file__); print(d.version, *(p.name for p in d.entry_points))"
    )
    child = subprocess.run(
        [sys.executable, "-I", "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    where, what = child.stdout.splitlines()
    assert Path(where).is_relative_to(tmp_path)
    assert what == f"{wheel.version()} edgetrace"
