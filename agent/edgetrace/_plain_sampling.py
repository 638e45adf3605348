# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the built-in samplers say of most spans, known before any of them starts.

Most spans are roots, or children of this process's own spans, and no tracestate came in. Unless a
ratio decides, the answer is always the same then: asking for it costs two calls, a fifth of what
starting a span does, and a span that is sampled out needs nothing else (Pyodide, November 2026).
"""

from __future__ import annotations

from typing import Final

from ._sampler import AlwaysOff, AlwaysOn, AsParent, ParentBased, Sampler, SamplingResult

_PLAIN: Final[dict[type, SamplingResult | None]] = {
    kind: kind.plain for kind in (AlwaysOn, AsParent, AlwaysOff)
}


def plain_results(sampler: Sampler) -> tuple[SamplingResult | None, ...]:
    """A sampler's answers where no tracestate came in; None where it has to be asked.

    Returns:
        Of a root, of a child of an unsampled span of this process, and of a sampled one's.
    """
    if type(sampler) is ParentBased:
        return tuple(map(_plain, sampler.local_delegates()))
    return (_plain(sampler),) * 3


def _plain(sampler: Sampler) -> SamplingResult | None:
    """By the exact type: one derived from it may answer as it likes."""
    return _PLAIN.get(type(sampler))
