#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The one task runner: `python3 build.py --help`. Needs Python 3.11, nothing else; sets itself up.

This file only refuses a Python that is too old in words instead of a traceback, so it must stay
readable for old interpreters; the tasks are in tasks/, one idea per file.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this is where an old Python is told
    sys.exit("build.py: edgetrace needs Python 3.11 or newer, for example: python3.11 build.py")

from tasks.cli import main

if __name__ == "__main__":
    sys.exit(main())
