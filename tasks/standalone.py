# SPDX-License-Identifier: MIT OR Apache-2.0
"""The standalone upload: a JavaScript module Worker that boots Pyodide and runs an entry file.

    out/
      main.mjs             worker/standalone/*.mjs, Pyodide's glue, the SDK's JavaScript: one module
      pyodide.asm.wasm     npm's pyodide
      python_stdlib.zip    bytecode of the standard modules that the application needs
      app.zip              bytecode of all; of the entry file and packages their source too
      app.json             exported classes, sizes

The application is imported once at build time, in this Pyodide on Node: so what it imports and
exports is what it says itself, and an entry file that cannot be imported fails here.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tasks.archive import EPOCH
from tasks.console import BuildError, run, step
from tasks.paths import PACKAGE, PYODIDE, STANDALONE, VENV_BIN, WHEELS, WORKER
from tasks.stamps import STAMP, digest, one_at_a_time, put_stamp, stamped
from tasks.standalone_stdlib import EXTRAS

SDK_WHEEL: Final = "workers_runtime_sdk-*.whl"
NOT_SHIPPED: Final = ("pytest_plugin.py", "_page_trace/", "testing.py")
NOT_CODE: Final = (".pyi", ".pyc", ".pth", "py.typed")
MODULES: Final = "python_modules/"  # where the native runtime has vendored packages
TOOLS: Final = Path(__file__).parent


def _tree(folder: Path, prefix: str = "") -> dict[str, bytes]:
    """Path in the archive -> contents of what a package folder has for run time."""
    return {
        prefix + path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and not path.name.endswith(NOT_CODE)
    }


def agent() -> dict[str, bytes]:
    """The edgetrace package, without what only hosts use."""
    found = _tree(PACKAGE)
    kept = {name: data for name, data in found.items() if not name.startswith(NOT_SHIPPED)}
    return {f"edgetrace/{name}": data for name, data in kept.items()}


def sdk_wheel() -> Path:
    """The Workers SDK's wheel, among the wheels for Pyodide.

    Raises:
        BuildError: It is not there.
    """
    found = sorted(WHEELS.glob(SDK_WHEEL))
    if not found:
        raise BuildError(f"{SDK_WHEEL} is not in {WHEELS}; run: python3 build.py setup")
    return found[-1]


def _sdk() -> dict[str, bytes]:
    with zipfile.ZipFile(sdk_wheel()) as archive:
        names = [name for name in archive.namelist() if not name.endswith(NOT_CODE)]
        return {name: archive.read(name) for name in names if ".dist-info/" not in name}


def files(entry: Path, packages: Sequence[Path]) -> tuple[dict[str, bytes], set[str]]:
    """All of the application, and which of it is the user's own.

    Args:
        entry: The entry file; Python files and packages beside it that it imports come too.
        packages: Folders of one import package each (with `__init__.py`), or of several.
    """
    own = beside(entry)
    for folder in packages:
        is_package = (folder / "__init__.py").exists()
        own |= _tree(folder, MODULES + (f"{folder.name}/" if is_package else ""))
    ours = {**_sdk(), **agent(), **_tree(STANDALONE / "python")}
    return {**{MODULES + name: data for name, data in ours.items()}, **own}, set(own)


def beside(entry: Path) -> dict[str, bytes]:
    """The entry file and, from its folder, the modules and packages that it imports, and theirs."""
    found: dict[str, bytes] = {}
    todo = [entry]
    while todo:
        path = todo.pop()
        name = path.relative_to(entry.parent).as_posix()
        if name in found:
            continue
        found[name] = path.read_bytes()
        for top in sorted(_top_names(found[name], path)):
            module, package = entry.parent / f"{top}.py", entry.parent / top
            if module.exists():
                todo.append(module)
            elif (package / "__init__.py").exists():
                todo += [p for p in sorted(package.rglob("*.py")) if "__pycache__" not in p.parts]
    return found


def _top_names(source: bytes, path: Path) -> set[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError as exc:
        raise BuildError(f"{path}:{exc.lineno}: {exc.msg}") from exc
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def _digest(application: dict[str, bytes]) -> str:
    total = hashlib.sha256()
    tools = [*STANDALONE.glob("*"), *TOOLS.glob("standalone*.py"), TOOLS / "archive.py"]
    tools += [PYODIDE / "package.json", WORKER / "package.json"]
    here = {str(path.name): path.read_bytes() for path in tools if path.is_file()}
    for name, data in sorted([*here.items(), *application.items()]):
        total.update(f"{name}:{len(data)}:".encode() + data)
    return total.hexdigest()


def _node(script: str, *words: object, stdin: str) -> str:
    command = [VENV_BIN / "node", STANDALONE / script, *words]
    child = subprocess.run(
        list(map(str, command)), input=stdin, capture_output=True, text=True, check=False
    )
    if child.returncode:
        raise BuildError(f"{script}: exit code {child.returncode}\n{child.stderr[-3000:]}")
    return child.stdout


def _pack(entry: Path, application: dict[str, bytes], own: set[str]) -> dict[str, Any]:
    given = {
        "files": {name: base64.b64encode(data).decode() for name, data in application.items()},
        "entry": entry.stem,
        "own": sorted(own),
        "extras": EXTRAS,
    }
    said = _node("pack.mjs", PYODIDE, STANDALONE / "pack.py", stdin=json.dumps(given))
    answer: dict[str, Any] = json.loads(said)
    if "error" in answer:
        raise BuildError(f"{entry.name} cannot be imported:\n{answer['error'].rstrip()}")
    if not any(answer["classes"].values()):
        raise BuildError(
            f"{entry.name} exports no handler. Remedy: class Default(WorkerEntrypoint) in it"
        )
    return answer


def _write_archive(path: Path, contents: dict[str, bytes]) -> None:
    """A zip without compression, for the upload is compressed as a whole; same bytes every time."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(contents.items()):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), data)


def _decoded(packed: dict[str, str]) -> dict[str, bytes]:
    return {name: base64.b64decode(data) for name, data in packed.items()}


def ensure(entry: Path, packages: Sequence[Path], out: Path, *, at_start: bool = False) -> Path:
    """Bring ``out`` up to date with the entry file, its packages and the host.

    Args:
        entry: A Python file as Cloudflare's Python Workers have it.
        packages: Folders of import packages, pure Python.
        out: The upload; made aside and renamed into place.
        at_start: Python starts with the Worker, in module scope, where there is no entropy and
            time stands still, but whose CPU time no event pays for: for plans that give an event
            less than a second. Otherwise the first event starts it.

    Returns:
        ``out``.

    Raises:
        BuildError: There is no such file, it cannot be imported or exports nothing.
    """
    if not entry.is_file():
        raise BuildError(f"entry file {entry} does not exist")
    application, own = files(entry, packages)
    expected = digest(_digest(application), str(at_start))
    if stamped(out, expected):
        return out
    with one_at_a_time():
        if not stamped(out, expected):
            with step(f"packing {entry.name} for the standalone host"):
                _make(entry, application, own, out, at_start)
                put_stamp(out, expected)
    return out


def _make(
    entry: Path, application: dict[str, bytes], own: set[str], out: Path, at_start: bool
) -> None:
    work = out.with_name(out.name + ".new")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        packed = _pack(entry, application, own)
        data = {name: text for name, text in application.items() if not name.endswith(".py")}
        _write_archive(work / "app.zip", data | _decoded(packed["app"]))
        _write_archive(work / "python_stdlib.zip", _decoded(packed["stdlib"]))
        shutil.copyfile(PYODIDE / "pyodide.asm.wasm", work / "pyodide.asm.wasm")
        (work / "app.json").write_text(json.dumps(packed["classes"], indent=1) + "\n")
        _bundle(entry, packed["classes"], work, at_start)
        shutil.rmtree(out, ignore_errors=True)
        work.rename(out)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _bundle(entry: Path, classes: dict[str, Any], work: Path, at_start: bool) -> None:
    sdk = work / "sdk"
    with zipfile.ZipFile(sdk_wheel()) as archive:
        archive.extract("workers/workflows.js", sdk)
    words = [PYODIDE, sdk / "workers", entry.stem, json.dumps(classes), work / "main.mjs"]
    command = [VENV_BIN / "node", STANDALONE / "bundle.mjs", *words]
    command.append("start" if at_start else "event")
    run(command, what="bundling the standalone host")
    shutil.rmtree(sdk)


def upload(out: Path) -> Iterator[Path]:
    """The files of an upload, as they go up."""
    return (path for path in sorted(out.iterdir()) if path.name not in (STAMP, "app.json"))
