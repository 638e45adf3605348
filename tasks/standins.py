# SPDX-License-Identifier: MIT OR Apache-2.0
"""Standard modules that a boot imports and nothing then uses, as little as their importers name.

Of what loadPyodide() imports a third, by bytes, is for servers, processes, packages and log files,
none of which the script tag's runtime has: asyncio's own loops and streams (Pyodide brings its
loop), the installation of packages (our lock file names none), logging (its output is switched
off). The runtime worker is ours alone, so nobody else's code can miss them. What an importer needs
of them is found by trying: the build boots Pyodide with them, tests/browser runs it.

Not for any other Pyodide: a page's own keeps its library.
"""

from __future__ import annotations

from typing import Final

_NOTHING: Final = "__all__ = ()\n"
_LOGGING: Final = """
DEBUG = 10
class Logger:
    def log(self, *args, **kwargs): pass
    debug = info = warning = error = exception = critical = log
def getLogger(name=None): return Logger()
"""
_PACKAGES: Final = """
from site import getsitepackages
class Path:
    def __init__(self, path): self.path = path
    def __str__(self): return self.path
SITE_PACKAGES = Path(getsitepackages()[0])
DSO_DIR = Path("/usr/lib")
def init_loaded_packages(): pass
"""
_POLICY: Final = """
from .events import _BaseDefaultEventLoopPolicy as _DefaultEventLoopPolicy
__all__ = ()
"""

STANDINS: Final = {
    "asyncio/base_events.py": _NOTHING,
    "asyncio/streams.py": _NOTHING,
    "asyncio/subprocess.py": _NOTHING,
    "asyncio/unix_events.py": _POLICY,
    "logging/__init__.py": _LOGGING,
    "pyodide/_package_loader.py": _PACKAGES,
    "socket.py": "AF_UNSPEC = 0\nAI_PASSIVE = 1\n",  # defaults of arguments
    "subprocess.py": "PIPE = -1\n",  # likewise
}
"""Path in the standard library -> source."""
