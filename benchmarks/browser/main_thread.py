# SPDX-License-Identifier: MIT OR Apache-2.0
"""Main-thread time of one script, from Chromium's own trace. Knows no party and no site.

Counted are runs of the script on the page's main thread, the outermost of nested ones, in CPU time
of that thread (a busy machine's waiting is not ours); what it causes elsewhere runs in a worker.

    evaluate   compiling and running the script, until its first callback is due
    callbacks  observers, load, idle and timers
    longest    the longest single run of it; a long task is 50 ms (W3C Long Tasks)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

CATEGORIES: Final = ["devtools.timeline", "disabled-by-default-v8.compile", "v8", "toplevel"]
EVALUATE: Final = {"EvaluateScript", "v8.compile"}
TASKS: Final = {
    "RunTask",
    "ThreadControllerImpl::RunTask",
}  # the developer tools' name, and today's
LONG_TASK_MS: Final = 50.0


class Cost(NamedTuple):
    """Milliseconds of one page view, and how many long tasks are mostly the script's."""

    evaluate: float
    callbacks: float
    longest: float
    long_tasks: int

    @property
    def total(self) -> float:
        """All of its main-thread time."""
        return self.evaluate + self.callbacks


def _url(event: dict[str, Any]) -> str:
    data = event.get("args", {}).get("data", {})
    return str(data.get("url") or data.get("scriptName") or event.get("args", {}).get("fileName"))


def _own(events: list[dict[str, Any]], script: str) -> Iterator[dict[str, Any]]:
    """The outermost complete events about the script on main threads."""
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event.get("name") == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    end: dict[tuple[int, int], float] = {}
    ours = (
        event
        for event in events
        if event.get("ph") == "X" and (event["pid"], event["tid"]) in main and script in _url(event)
    )
    for event in sorted(ours, key=lambda event: (event["ts"], -event.get("dur", 0))):
        thread = event["pid"], event["tid"]
        if event["ts"] >= end.get(thread, 0):
            end[thread] = event["ts"] + event.get("dur", 0)
            yield event


def _cpu_us(event: dict[str, Any]) -> float:
    return float(event.get("tdur", event.get("dur", 0)))


def _tasks_with(events: list[dict[str, Any]], own: list[dict[str, Any]]) -> int:
    """Long tasks of the main thread in which our code takes at least half the time."""
    count = 0
    for task in events:
        if task.get("name") not in TASKS or task.get("dur", 0) < LONG_TASK_MS * 1000:
            continue
        inside = [
            event.get("dur", 0)
            for event in own
            if (event["pid"], event["tid"]) == (task["pid"], task["tid"])
            and task["ts"] <= event["ts"] < task["ts"] + task["dur"]
        ]
        count += sum(inside) * 2 >= task["dur"]
    return count


def cost(events: list[dict[str, Any]], script: str) -> Cost:
    """What a script cost in one trace.

    Args:
        events: traceEvents of a trace with `CATEGORIES`.
        script: What the URLs of its files contain.
    """
    own = list(_own(events, script))
    spent = [(event["name"] in EVALUATE, _cpu_us(event) / 1000) for event in own]
    return Cost(
        evaluate=sum(ms for evaluates, ms in spent if evaluates),
        callbacks=sum(ms for evaluates, ms in spent if not evaluates),
        longest=max((ms for _, ms in spent), default=0.0),
        long_tasks=_tasks_with(events, own),
    )
