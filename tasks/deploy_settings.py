# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a deployment is told, refused before it goes up: wrangler's configuration, and variables.

Each refusal names the option, the value at fault unless it may be a secret, and the remedy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tasks.console import BuildError

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_SECRET: Final = re.compile(
    r"OTEL_EXPORTER_OTLP_(\w+_)?HEADERS|\w*(TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|PRIVATE_?KEY)"
)
# A string, or what JSON with comments has beside JSON: comments, and commas before a closing.
_JSONC: Final = re.compile(
    r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]])', re.DOTALL
)


def read_config(path: Path) -> dict[str, Any]:
    """Wrangler's configuration file, JSON with comments.

    Raises:
        BuildError: It is not there or not such JSON.
    """
    if not path.is_file():
        raise BuildError(f"--config {path}: there is no such file")
    text = _JSONC.sub(
        lambda found: found[0] if found[0].startswith('"') else "", path.read_text("utf-8")
    )
    try:
        config = json.loads(text)
    except ValueError as exc:
        raise BuildError(f"--config {path}: not JSON with comments: {exc}") from exc
    if not isinstance(config, dict) or not isinstance(config.get("main"), str):
        raise BuildError(f'--config {path}: has no "main"; name the Python entry file there')
    return config


def variables(config: Mapping[str, Any], given: Sequence[str]) -> dict[str, Any]:
    """The configuration's `vars`, and over them what `--var NAME=VALUE` says.

    Raises:
        BuildError: One is not of that form.
    """
    found = dict(config.get("vars") or {})
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise BuildError(f"--var {name}: write --var NAME=VALUE")
        found[name] = value
    return found


def check(values: Mapping[str, Any], *, gateway: bool, has_assets: bool) -> None:
    """Refuse variables that cannot work, or that anybody who sees the dashboard should not read.

    Args:
        values: Of all variables.
        gateway: Whether the entry file is edgetrace's own gateway, which needs a site behind it.
        has_assets: Whether static assets go up with it.

    Raises:
        BuildError: Names the variable and the remedy.
    """
    for name in filter(_SECRET.fullmatch, values):
        raise BuildError(
            f"{name} is a secret and would be readable as a plain variable. Remedy: take it out "
            f"of vars and --var, and run: wrangler secret put {name}"
        )
    for name in (*ENDPOINTS, "ORIGIN"):
        if name in values:
            _check_url(name, str(values[name]))
    if gateway and not values.get("ORIGIN") and not has_assets:
        raise BuildError(
            "ORIGIN is not set and there are no assets, so the gateway has no site to serve. "
            'Remedy: --var ORIGIN=https://your-origin.example, or "assets" in the configuration'
        )


def _check_url(name: str, value: str) -> None:
    try:
        url = urlsplit(value)
        fine = url.scheme in ("http", "https") and url.hostname and (url.port or 1)
    except ValueError:
        fine = False
        url = urlsplit("")
    if not fine or re.search(r"\s", value):
        raise BuildError(
            f"{name}={value!r} is not an absolute URL. Remedy: one as https://host.example/path"
        )
    if url.username or url.password:
        raise BuildError(
            f"{name} has credentials in its URL. Remedy: put them into "
            "OTEL_EXPORTER_OTLP_HEADERS by: wrangler secret put OTEL_EXPORTER_OTLP_HEADERS"
        )
