# SPDX-License-Identifier: MIT OR Apache-2.0
"""``python -m collector``: the command line. Exit codes: 0 stopped, 1 cannot start, 2 usage."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from collector.body import MAX_BODY_BYTES
from collector.errors import StartError
from collector.schema import MEMORY
from collector.server import DEFAULT_PORT, serve

_EXAMPLES = """\
examples:
  python -m collector                               traces in memory, gone at the end
  python -m collector --database traces.sqlite      traces survive restarts
  python -m collector --port 0                      any free port

Point a sender at it:  OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    options = _parser().parse_args(arguments)
    memory = options.database == MEMORY

    def announce(url: str) -> None:
        kept = "in memory (--database FILE keeps them)" if memory else f"in {options.database}"
        print(
            f"edgetrace collector\n"
            f"  viewer    {url}/\n"
            f"  endpoint  {url}/v1/traces\n"
            f"  traces    {kept}\n"
            f"Stop it with Ctrl-C.",
            flush=True,
        )

    try:
        serve(
            options.host,
            options.port,
            options.database,
            options.max_body_bytes,
            access_log=options.access_log,
            announce=announce,
        )
    except StartError as exc:
        print(f"collector: {exc}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m collector",
        description="Receive OpenTelemetry traces over OTLP/HTTP and show them in the browser.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=DEFAULT_PORT,
        help="port to listen on, 0 for a free one (default: %(default)s)",
    )
    parser.add_argument(
        "--database",
        default=MEMORY,
        metavar="FILE",
        help="SQLite file to keep traces in, made if absent (default: in memory)",
    )
    parser.add_argument(
        "--max-body-bytes",
        type=_positive,
        default=MAX_BODY_BYTES,
        metavar="N",
        help="largest request body, also when unpacked (default: %(default)s)",
    )
    parser.add_argument("--access-log", action="store_true", help="log each HTTP request")
    return parser


def _port(text: str) -> int:
    if text.isdigit() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port; use a number from 0 to 65535")


def _positive(text: str) -> int:
    if text.isdigit() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")


if __name__ == "__main__":
    sys.exit(main())
