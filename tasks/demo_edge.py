# SPDX-License-Identifier: MIT OR Apache-2.0
"""The demo's edge: worker/gateway.py on the standalone host, in a workerd on this machine.

What a deployment sets in wrangler.jsonc is set here: where the site is, where spans go, and what
the page's tag says. The agent's files are the Worker's static assets, as they would be there.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tasks import standalone, workerd
from tasks.console import BuildError
from tasks.demo_check import EDGE_SERVICE, PAGE_SERVICE
from tasks.paths import CACHE, DIST, WORKER

_UPLOAD: Final = CACHE / "demo-gateway"
_HEALTH: Final = "/edgetrace/health"
_HEALTH_TIMEOUT_S: Final = 20.0


@contextlib.contextmanager
def running(origin: str, collector: str, port: int = 0) -> Iterator[workerd.Server]:
    """The gateway, from when its Python answers.

    Args:
        origin: The site behind it, without a slash at its end.
        collector: The collector's endpoint for traces.
        port: On 127.0.0.1; 0 takes a free one.

    Raises:
        BuildError: It did not start, or runs without tracing; says why.
    """
    upload = standalone.ensure(WORKER / "gateway.py", [], _UPLOAD)
    with tempfile.TemporaryDirectory(prefix="edgetrace-demo-") as folder:
        # A deployment's assets do not change under it either, whatever becomes of dist/.
        shutil.copytree(DIST, Path(folder) / "edgetrace")
        settings = variables(origin, collector)
        with workerd.serve(upload, port=port, vars=settings, assets=Path(folder)) as server:
            _wait_for_python(server)
            yield server


def variables(origin: str, collector: str) -> dict[str, str]:
    """The gateway's settings."""
    return {
        "ORIGIN": origin,
        "OTEL_SERVICE_NAME": EDGE_SERVICE,
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": collector,
        "EDGETRACE_TAG_ATTRIBUTES": f"service_name={PAGE_SERVICE}",
        # Everybody who looks at the demo does so from one address.
        "EDGETRACE_RATE_LIMIT": "off",
    }


def _wait_for_python(server: workerd.Server) -> None:
    """Its first request boots Python; a visitor's page load would be longer by that."""
    try:
        with urllib.request.urlopen(server.url + _HEALTH, timeout=_HEALTH_TIMEOUT_S) as answer:
            health = json.load(answer)
    except (OSError, ValueError) as exc:
        raise BuildError(f"the gateway does not answer ({exc}); {_cause(server)}") from exc
    if not health["traced"]:
        raise BuildError(f"the gateway runs without tracing; {_cause(server)}")


def _cause(server: workerd.Server) -> str:
    """What the gateway's log says first, in one line: what came after followed from it."""
    with contextlib.suppress(TimeoutError):
        server.wait_for_log("", timeout_s=5)  # it may come after the answer
    said = [line.strip() for line in server.logs if line.strip()]
    return f"its log says: {said[0]}" if said else "its log is empty"
