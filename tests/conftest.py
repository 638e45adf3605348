# SPDX-License-Identifier: MIT OR Apache-2.0
"""What all tests share: hypothesis profiles. Fixtures live beside the tests that use them.

`ci` (default) is derandomised, so a red run is red again; `deep` is for a nightly:
HYPOTHESIS_PROFILE=deep python3 build.py test tests/property
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

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
