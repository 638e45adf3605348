# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs in Pyodide on Node, at build time: bytecode of the agent and of what a boot imports.

Given JSON: `agent` (module's file name -> source, line for line git's), `entry` (the module that
the runtime imports), `standins` (path in the standard library -> source to have instead), `extras`
(modules that are imported later, by name). Gives JSON: path in the archive -> contents, base64.

Bytecode is without docstrings and asserts, and unchecked: no time, no source beside it, so archives
are the same from the same tree.
"""

import sys

BARE = set(sys.modules)  # what loadPyodide() has imported

import base64  # noqa: E402
import importlib.util  # noqa: E402
import json  # noqa: E402
import marshal  # noqa: E402
import os  # noqa: E402
import zipfile  # noqa: E402

UNCHECKED = 0b01
HEADER = importlib.util.MAGIC_NUMBER + UNCHECKED.to_bytes(4, "little") + bytes(8)
AGENT = "edgetrace/"
ROOT = "/tmp/agent"  # noqa: S108 - of this Pyodide's own file system
given = json.loads(GIVEN)  # noqa: F821 - set by bytecode.mjs


def compiled(source, name):
    code = compile(source, name, "exec", dont_inherit=True, optimize=2)
    return base64.b64encode(HEADER + marshal.dumps(code)).decode()


def imported_by_the_agent():
    """Names that importing the agent adds, and what it needs by name later."""
    os.makedirs(f"{ROOT}/{AGENT}")
    for name, text in given["agent"].items():
        with open(f"{ROOT}/{AGENT}{name}", "w") as file:
            file.write(text)
    sys.path.insert(0, ROOT)
    for name in set(sys.modules) - BARE:
        del sys.modules[name]
    for name in (given["entry"], *given["extras"]):
        importlib.import_module(name)
    return set(sys.modules) - BARE


def main():
    library = zipfile.ZipFile("/lib/python{}{}.zip".format(*sys.version_info))
    paths = {
        path[:-3].replace("/", ".").removesuffix(".__init__"): path
        for path in library.namelist()
        if path.endswith(".py")
    }
    wanted = BARE | imported_by_the_agent()
    sources = {paths[name]: library.read(paths[name]) for name in wanted & set(paths)}
    sources |= given["standins"]
    files = {
        path + "c": compiled(source, "/lib/python/" + path) for path, source in sources.items()
    }
    for name, source in given["agent"].items():
        files[AGENT + name + "c"] = compiled(source, AGENT + name)
    return json.dumps(files)


main()
