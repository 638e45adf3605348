# SPDX-License-Identifier: MIT OR Apache-2.0
"""How often one client may ask: a token bucket each, in bounded memory, without a clock.

Kept as one number per client, the time at which its bucket will be full again ("generic cell rate
algorithm"): a request moves it by one token's worth, and is refused where it would be further ahead
than a whole window. An isolate counts for itself; many isolates together let more through.

Source: ITU-T I.371, annex A, "virtual scheduling".
"""

from __future__ import annotations

from typing import Final

_NS: Final = 1_000_000_000


class RateLimiter:
    """Buckets by client; the client unseen for longest is forgotten where there are too many."""

    def __init__(self, limit: int, window_s: int, max_clients: int = 4_096) -> None:
        """Set the rate.

        Args:
            limit: Requests per window, and the largest burst; from 1.
            window_s: The window in seconds, from 1.
            max_clients: Buckets that are kept, from 1; some 200 bytes each.
        """
        self._window_ns = window_s * _NS
        self._token_ns = max(1, self._window_ns // limit)
        self._max_clients = max_clients
        self._full_at: dict[str, int] = {}  # in the order of the last request

    def __len__(self) -> int:
        """Clients that are remembered."""
        return len(self._full_at)

    def check(self, key: str, now_ns: int) -> int:
        """Take a token.

        Args:
            key: The client; see `facts.client_key`.
            now_ns: Any clock that does not go back; one that does lets no one wait over a window.

        Returns:
            Whole seconds to wait before asking again, 0 where the request may pass.
        """
        full_at = min(max(self._full_at.pop(key, now_ns), now_ns), now_ns + self._window_ns)
        taken = full_at + self._token_ns
        ahead_ns = taken - now_ns - self._window_ns
        # A refused request takes no token, but keeps its client from being forgotten.
        self._full_at[key] = full_at if ahead_ns > 0 else taken
        if len(self._full_at) > self._max_clients:
            del self._full_at[next(iter(self._full_at))]
        return max(0, -(-ahead_ns // _NS))
