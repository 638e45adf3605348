# SPDX-License-Identifier: MIT OR Apache-2.0
"""One target for so many seconds: `python -m tests.fuzz.run TARGET SECONDS [FILE]`.

Coverage-guided by atheris where it can be had, else by hypothesis, whose search knows no coverage.
With FILE that input alone is tried. The exit code is 0 unless an input broke a promise; atheris has
written it then beside what it has learned, in .cache/fuzz/TARGET.

Source: https://github.com/google/atheris; https://llvm.org/docs/LibFuzzer.html ("Options").
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from tasks.paths import CACHE

CORPUS = Path(__file__).resolve().parent / "corpus"
MAX_INPUT_BYTES = 4_096


def folder_of(target: str) -> Path:
    """Where a target's findings and its learned corpus are kept."""
    return CACHE / "fuzz" / target


def main(target: str, seconds: int, file: str | None, learned: Path | None = None) -> None:
    """See the module; `learned` is where findings go, if not to `folder_of`."""
    if file:
        _load(None)[target](Path(file).read_bytes())
        return
    try:
        import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        _by_hypothesis(target, seconds)
        return
    try_one = _load(atheris)[target]
    learned = learned or folder_of(target)
    learned.mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={MAX_INPUT_BYTES}",
        f"-artifact_prefix={learned}/found-",
        "-timeout=20",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    atheris.Setup([target, *options, str(learned), str(CORPUS / target)], try_one)
    atheris.Fuzz()


def _load(atheris: Any) -> Any:
    """The targets, with the code under test instrumented."""
    if atheris is None:
        from tests.fuzz.targets import TARGETS
    else:
        with atheris.instrument_imports(include=["edgetrace", "collector"]):
            from tests.fuzz.targets import TARGETS
    return TARGETS


def _by_hypothesis(target: str, seconds: int) -> None:
    from hypothesis import HealthCheck, Phase, given, settings, strategies as st

    seeds = [path.read_bytes() for path in sorted((CORPUS / target).iterdir())]
    grown = st.sampled_from(seeds).flatmap(
        lambda seed: st.tuples(st.integers(0, len(seed)), st.binary(max_size=40)).map(
            lambda cut: seed[: cut[0]] + cut[1] + seed[cut[0] :]
        )
    )
    try_one = _load(None)[target]
    until = time.monotonic() + seconds

    @settings(
        max_examples=500,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(grown | st.binary(max_size=400))
    def look(data: bytes) -> None:
        try_one(data)

    while time.monotonic() < until:
        look()


if __name__ == "__main__":
    name, duration, *files = sys.argv[1:]
    main(name, int(duration), files[0] if files else None)
