#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The one task runner: `python3 build.py --help`. Needs Python 3.11 and nothing else; it sets itself up.

This file only refuses a Python that is too old in words instead of a traceback, so it must stay readable
for old interpreters; the tasks are in tasks/, one idea per file.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "build.py: this is Python %d.%d, edgetrace needs 3.11 or newer; "
        "run it with one, for example: python3.11 build.py" % sys.version_info[:2]
    )

from tasks.cli import main

if __name__ == "__main__":
    sys.exit(main())
