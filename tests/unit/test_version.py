# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_version`: one version for wheel, bundle and resource."""

from __future__ import annotations

import re

import edgetrace
from edgetrace._config import Settings
from edgetrace._version import VERSION


def test_the_version_is_semantic_and_the_same_everywhere() -> None:
    """The package and every exported resource tell the version of `_version`."""
    assert re.fullmatch(r"\d+\.\d+\.\d+([.-]?\w+)*", VERSION)
    assert edgetrace.__version__ == VERSION
    assert Settings().resource().attributes["telemetry.sdk.version"] == VERSION
