# SPDX-License-Identifier: MIT OR Apache-2.0
"""What all tests share: hypothesis profiles, and how pytest-pyodide starts Node and Chromium.

`ci` (default) is derandomised, so a red run is red again; `deep` is for a nightly:
HYPOTHESIS_PROFILE=deep python3 build.py test tests/property
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from pytest_pyodide import get_global_config

from tasks import chromium, node

settings.register_profile(
    "ci",
    derandomize=True,
    max_examples=200,
    deadline=None,  # two shared cores: a deadline would time the neighbours, not the code
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("deep", max_examples=5_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# pytest-pyodide finds `node` on PATH, and must find .venv's, also when pytest is run by hand.
os.environ.update(node.tool_environ())
# selenium asks its manager for a driver and counts its users unless told not to.
os.environ.update({"SE_OFFLINE": "true", "SE_AVOID_STATS": "true"})
get_global_config().set_flags("chrome", [*chromium.FLAGS, "--js-flags=--expose-gc"])
