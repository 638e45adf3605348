# SPDX-License-Identifier: MIT OR Apache-2.0
"""The version, in the one place that the wheel, the bundle and every exported resource take it
from.
"""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.1.0"
