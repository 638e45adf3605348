# SPDX-License-Identifier: MIT OR Apache-2.0
"""The command line of build.py: what it can do, what each task needs, how failure looks.

Every task is a module of tasks/ with `add_arguments(parser)` and `main(args) -> exit code`. This
file makes the parser, has `environment` make ready what the task needs, restarts under .venv's
Python, and calls it.

    exit code   0 done   1 a task failed   2 wrong use (argparse)   130 Ctrl-C   others: the child's
    own
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import sys
from typing import Final, NamedTuple

from tasks import environment, node
from tasks.console import BuildError, say


class Task(NamedTuple):
    """A subcommand: `needs` name `environment.PARTS`; `passes_on` lets pytest's options through."""

    help: str
    needs: tuple[str, ...]
    passes_on: bool = False


BUNDLING: Final = ("python", "node", "wheels")
EDGE: Final = (*BUNDLING, "wrangler")
TASKS: Final[dict[str, Task]] = {
    "setup": Task("make this machine ready: Python, Node, Chromium", (*EDGE, "chromium")),
    "demo": Task("serve the demo site and a collector, show each trace as it arrives", EDGE),
    "serve": Task("serve dist/ and run the local collector", BUNDLING),
    "test": Task("bundle, check, then every test", (*EDGE, "chromium"), passes_on=True),
    "check": Task("format, lint, types; no test", ("python", "node")),
    "bundle": Task("write dist/: agent, wheel, Pyodide, lock file, manifest", BUNDLING),
    "deploy": Task("a Python Worker to Cloudflare: dry run, unless --go", EDGE),
    "bench": Task("run benchmarks/", BUNDLING),
    "ladder": Task("measure what arrives, however a page ends", (*BUNDLING, "chromium")),
    "flap": Task("a collector that comes and goes: what arrives", (*BUNDLING, "chromium")),
    "verify": Task("simulate, prove, fuzz; find planted bugs", ("python",)),
    "fields": Task("regenerate agent/edgetrace/_fields.py from opentelemetry-proto", ("python",)),
    "lock": Task("resolve pyproject's dependency groups into requirements-*.txt", ("python",)),
}
MODULES: Final = {"test": "suite"}


def _module(name: str) -> str:
    return f"tasks.{MODULES.get(name, name)}"


def parser() -> argparse.ArgumentParser:
    """The parser with every task's own options."""
    top = argparse.ArgumentParser(
        prog="build.py", description="edgetrace's one task runner. It installs what it needs."
    )
    subparsers = top.add_subparsers(dest="task", metavar="TASK", required=True)
    for name, task in TASKS.items():
        if importlib.util.find_spec(_module(name)) is None:
            continue
        sub = subparsers.add_parser(
            name, help=task.help, description=task.help[0].upper() + task.help[1:] + "."
        )
        importlib.import_module(_module(name)).add_arguments(sub)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one task; the process's exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    top = parser()
    args, rest = top.parse_known_args(arguments)
    task = TASKS[args.task]
    if rest and not task.passes_on:
        top.error(
            f"{args.task} does not know {' '.join(rest)}; see: python3 build.py {args.task} --help"
        )
    args.rest = rest
    try:
        environment.ensure_python(
            fresh=getattr(args, "fresh", False) and not environment.inside_venv()
        )
        environment.restart_inside_venv([word for word in arguments if word != "--fresh"])
        os.environ.update(node.tool_environ())
        for need in task.needs:
            environment.PARTS[need]()
        return int(importlib.import_module(_module(args.task)).main(args) or 0)
    except BuildError as exc:
        sys.stdout.flush()
        print(f"build.py {args.task}: {exc}", file=sys.stderr)
        return exc.exit_code
    except KeyboardInterrupt:
        say(f"build.py {args.task}: stopped")
        return 130
