# SPDX-License-Identifier: MIT OR Apache-2.0
"""What build.py can do, one idea per file.

    cli            arguments -> task                 stdlib, any Python >= 3.11
    environment    .venv, Node, browser/, Chromium   stdlib, any Python >= 3.11
    console        progress, errors, child processes stdlib, any Python >= 3.11
    paths          where things are                  stdlib, any Python >= 3.11
    fields, strip, archive, wheel, lockfile,
    manifest, budget, bundle, check, suite,
    serve, bench, demo                               run by .venv's Python

Nothing outside the standard library is imported at module level before `environment` has made .venv
and restarted build.py inside it.
"""
