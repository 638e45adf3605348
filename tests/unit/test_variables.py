# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_variables`: each option's environment variables."""

from __future__ import annotations

import re

from edgetrace._options import OPTIONS
from edgetrace._variables import VARIABLES


def test_every_option_has_variables_of_its_own() -> None:
    """Each is OTEL_* or EDGETRACE_*, and belongs to one option."""
    assert set(VARIABLES) == set(OPTIONS)
    variables = [variable for names in VARIABLES.values() for variable in names]
    assert len(set(variables)) == len(variables)
    assert all(re.fullmatch(r"(OTEL|EDGETRACE)_[A-Z_]+", variable) for variable in variables)


def test_what_is_for_traces_alone_stands_first() -> None:
    """OTEL_EXPORTER_OTLP_TRACES_* is more specific than OTEL_EXPORTER_OTLP_*."""
    for names in VARIABLES.values():
        assert [("TRACES" in name) for name in names] in ([True, False], [True], [False])
