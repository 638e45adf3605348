# SPDX-License-Identifier: MIT OR Apache-2.0
"""edgetrace-agent.zip: what the runtime calls is in it, runs from it, and names its own lines."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tasks import agent_archive
from tasks.inline import inline
from tasks.paths import BROWSER, PACKAGE

STUBS = """
import sys, types
sys.path.insert(0, sys.argv[1])
for name in ("js", "pyodide", "pyodide.ffi"):
    sys.modules[name] = types.ModuleType(name)
ffi = sys.modules["pyodide.ffi"]
ffi.JsException, ffi.create_proxy, ffi.to_js = Exception, id, id
"""


@pytest.fixture(scope="module", params=["zip", "folder"])
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive as a file, and unpacked."""
    folder = tmp_path_factory.mktemp("agent")
    archive = folder / "edgetrace-agent.zip"
    archive.write_bytes(agent_archive.agent_zip())
    if request.param == "zip":
        return archive
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder / "unpacked")
    return folder / "unpacked"


def _run(path: Path, program: str) -> str:
    command = [sys.executable, "-I", "-B", "-W", "error", "-c", STUBS + program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_same_sources_make_the_same_bytes() -> None:
    """Nothing but the sources decides."""
    assert agent_archive.agent_zip() == agent_archive.agent_zip()


def test_what_the_runtime_worker_calls_is_a_root() -> None:
    """python.ts names a function; hand.ts, in an interface, the methods of what that returns."""
    python, hand = (
        (BROWSER / "src" / name).read_text(encoding="utf-8") for name in ("python.ts", "hand.ts")
    )
    imported = re.findall(r'pyimport\("edgetrace\.([\w.]+)"\)', python)
    interface = re.search(r"^export interface Runtime \{(.*?)^\}", hand, re.DOTALL | re.MULTILINE)
    assert interface
    methods = re.findall(r"^  (\w+)\(", interface[1], re.MULTILINE)
    assert {*imported, *(f"_serve.WorkerRuntime.{name}" for name in methods)} == {
        *agent_archive.ROOTS
    }


def test_each_line_is_that_line_of_the_file_in_git() -> None:
    """But for imports that lost names, what is there stands where it stands in the whole module."""
    inlined = inline({path.stem: path.read_text("utf-8") for path in PACKAGE.glob("*.py")})
    for name, text in agent_archive.modules().items():
        whole = agent_archive.small(inlined[Path(name).stem]).split("\n")
        for number, line in enumerate(text.split("\n"), 1):
            if line.lstrip().startswith(("from ", "import ")):
                assert line.split()[0] == whole[number - 1].split()[0], f"{name}:{number}"
            elif line:
                assert line == whole[number - 1], f"{name}:{number}"


def test_every_module_imports(path: Path) -> None:
    """What is kept needs nothing that is not."""
    names = sorted(Path(name).stem for name in agent_archive.modules())
    program = "".join([f"import edgetrace.{name}\n" for name in names])
    _run(path, program + "print(edgetrace.browser.serve)")


def test_modules_have_the_paths_and_the_text_of_files(path: Path) -> None:
    """`__file__` is inside the archive, the loader gives the text, and nothing else is found."""
    out = _run(
        path,
        """
import importlib.util, edgetrace._otlp as module
print(module.__file__)
source = module.__spec__.loader.get_source("edgetrace._otlp")
print(source.split("\\n").index("def encode_span(span):"))
print(importlib.util.find_spec("edgetrace.testing"), importlib.util.find_spec("edgetrace._no"))
import json.decoder, email.message
""",
    )
    file, line, others = out.splitlines()
    assert Path(file) == path / "edgetrace" / "_otlp.py"
    source = (PACKAGE / "_otlp.py").read_text(encoding="utf-8").split("\n")
    assert source[int(line)].startswith("def encode_span(")
    assert others == "None None"


def test_tracebacks_show_the_line_of_the_file_in_git(path: Path) -> None:
    """An error from the field can be looked up: file, number and text are those of the source."""
    out = _run(
        path,
        """
import traceback
from edgetrace._protobuf import utf8
try:
    utf8(1)
except AttributeError:
    traceback.print_exc(file=sys.stdout)
""",
    )
    found = re.search(r'_protobuf\.py", line (\d+), in utf8\n    (.*)\n', out)
    assert found
    source = (PACKAGE / "_protobuf.py").read_text(encoding="utf-8").split("\n")
    assert source[int(found[1]) - 1].strip() == found[2].strip()
