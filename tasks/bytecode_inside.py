# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs in Pyodide on Node, at build time: compiles source, or the library that a boot imports.

Given JSON: `sources` (path in the archive -> source), and `library`: null, or `standins` (path in
the standard library -> source to have instead) and `extras` (modules that are imported later).
Gives JSON: path in the archive -> bytecode, base64.

Bytecode is without docstrings and asserts, and unchecked: no time, no source beside it, so archives
are the same from the same tree.
"""

import base64
import importlib.util
import io
import json
import marshal
import sys
import zipfile

from pyodide.ffi import to_js

UNCHECKED = 0b01
HEADER = importlib.util.MAGIC_NUMBER + UNCHECKED.to_bytes(4, "little") + bytes(8)
given = json.loads(globals()["GIVEN"])  # set by bytecode.mjs, as is:
modules_of_a_boot = globals()["modules_of_a_boot"]


def compiled(source: str | bytes, name: str) -> bytes:
    """What a .pyc file holds; tracebacks will say `name`."""
    code = compile(source, name, "exec", dont_inherit=True, optimize=2)
    return HEADER + marshal.dumps(code)


async def library(standins: dict[str, str], extras: list[str]) -> dict[str, bytes]:
    """The modules that loadPyodide() and `extras` import where `standins` stand in."""
    archive = zipfile.ZipFile("/lib/python{}{}.zip".format(*sys.version_info))
    paths = {
        path[:-3].replace("/", ".").removesuffix(".__init__"): path
        for path in archive.namelist()
        if path.endswith(".py")
    }
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as file:
        for path in paths.values():
            file.writestr(path, standins.get(path) or archive.read(path))
    names = await modules_of_a_boot(to_js(whole.getvalue()), " ".join(extras))
    taken = {paths[name] for name in names.split() if name in paths}
    sources = {path: standins.get(path) or archive.read(path) for path in taken}
    return {path + "c": compiled(source, "/lib/python/" + path) for path, source in sources.items()}


async def main() -> str:
    files = {path + "c": compiled(source, path) for path, source in given["sources"].items()}
    if given["library"]:
        files |= await library(**given["library"])
    return json.dumps({path: base64.b64encode(data).decode() for path, data in files.items()})


main()  # type: ignore[unused-coroutine]  # awaited by who runs this
