# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs in Pyodide on Node, at build time: imports the application and compiles what it needs.

Given JSON: `files` (path in the archive -> base64), `entry` (module name), `own` (paths that keep
docstrings and asserts, and go with their source, as packages may read it), `extras` (standard
modules to have in any case). Gives JSON: `classes`, `app` and `stdlib` (path in the archive ->
contents, base64), or `error` (a traceback) if the application cannot be imported.

Bytecode is unchecked: no time, no source beside it, so archives are the same from the same tree.
"""

import sys

BARE = set(sys.modules)  # what Pyodide has loaded by itself

import ast  # noqa: E402
import base64  # noqa: E402
import importlib  # noqa: E402
import importlib.util  # noqa: E402
import json  # noqa: E402
import marshal  # noqa: E402
import os  # noqa: E402
import traceback  # noqa: E402
import zipfile  # noqa: E402

UNCHECKED = 0b01
HOME = "/session/metadata/"  # where the native runtime has the application, so tracebacks agree
MODULES = "python_modules/"
LEFT_OUT = MODULES + "_edgetrace_left_out.py"
given = json.loads(GIVEN)  # noqa: F821 - set by pack.mjs
own = set(given["own"])
files = {path: base64.b64decode(data) for path, data in given["files"].items()}
sources = {path: data.decode() for path, data in files.items() if path.endswith(".py")}


def compiled(source, name, optimize):
    code = compile(source, name, "exec", dont_inherit=True, optimize=optimize)
    header = importlib.util.MAGIC_NUMBER + UNCHECKED.to_bytes(4, "little") + bytes(8)
    return base64.b64encode(header + marshal.dumps(code)).decode()


def imported_names(source):
    """Names that a module imports anywhere in it, but for types alone."""
    todo, found = [ast.parse(source)], set()
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            todo.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        todo.extend(ast.iter_child_nodes(node))
    return found


def exported(module, base):
    """Classes as the native runtime finds them: public names, or `__all__`; methods by `dir`."""
    names = getattr(module, "__all__", None) or [n for n in dir(module) if not n.startswith("_")]
    function = type(exported)
    found = []
    for value in (getattr(module, name) for name in names):
        if isinstance(value, type) and issubclass(value, base) and value is not base:
            kinds = {n: v for c in reversed(value.__mro__) for n, v in vars(c).items()}
            public = [n for n, v in kinds.items() if isinstance(v, function) and n[0] != "_"]
            entry = {"className": value.__name__, "methodNames": sorted(public)}
            if entry not in found:
                found.append(entry)
    return found


def classes_of(module):
    import workers

    handlers = ("fetch", "alarm", "scheduled", "trace", "queue", "pubsub", "email", "tail")
    return {
        "durableObjects": exported(module, workers.DurableObject),
        "workerEntrypoints": exported(module, workers.WorkerEntrypoint),
        "workflowEntrypoints": exported(module, workers.WorkflowEntrypoint),
        "handlers": [n for n in handlers if callable(getattr(module, f"on_{n}", None))],
    }


def origin(name):
    """The file that a loaded module came from, if it is loaded and did."""
    spec = getattr(sys.modules.get(name), "__spec__", None)
    return getattr(spec, "origin", None)


def unpack():
    """Put the application on the path, and forget what only this script has imported."""
    for path, data in files.items():
        target = HOME + path
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(data)
    sys.path[:0] = HOME[:-1], HOME + MODULES[:-1]
    for name in set(sys.modules) - BARE:
        del sys.modules[name]
    importlib.invalidate_caches()


def run():
    archive = zipfile.ZipFile("/lib/python{}{}.zip".format(*sys.version_info))
    paths = {
        path[:-3].replace("/", ".").removesuffix(".__init__"): path
        for path in archive.namelist()
        if path.endswith(".py")
    }
    wanted = set(given["extras"]).union(*map(imported_names, sources.values()))
    files[LEFT_OUT] = b"NAMES = frozenset()\n"  # here nothing is left out yet
    unpack()
    module = importlib.import_module("_edgetrace_host").load(given["entry"])
    for name in sorted(wanted & set(paths)):
        try:
            importlib.import_module(name)
        except Exception:
            continue  # not for this platform: it says so itself when it is imported
    # Of what is loaded, what came from the archive: the rest is frozen in the interpreter.
    taken = {name for name in paths if str(origin(name)).startswith(archive.filename)}
    taken |= {name for name in paths if "pyodide" in name} - {"pyodide.console"}
    stdlib = {
        paths[name] + "c": compiled(archive.read(paths[name]), "/lib/python/" + paths[name], 2)
        for name in taken
    }
    sources[LEFT_OUT] = f"NAMES = frozenset({sorted(set(paths) - taken - set(sys.modules))!r})\n"
    app = {}
    for path, source in sources.items():
        if path in own:
            app[path] = given["files"][path]
            app[importlib.util.cache_from_source(path)] = compiled(source, HOME + path, 0)
        else:
            app[path + "c"] = compiled(source, HOME + path, 2)
    return {"classes": classes_of(module), "app": app, "stdlib": stdlib}


try:
    answer = run()
except BaseException:
    answer = {"error": traceback.format_exc()}
json.dumps(answer)
