# SPDX-License-Identifier: MIT OR Apache-2.0
"""What build.py can do, one idea per file.

    cli                                     arguments -> task
    environment, node, wheels, chromium     what is installed, each behind a stamp
    stamps, console, paths                  how; what a person sees; where
    ------------------------------------------------ above: any Python >= 3.11; below: .venv's
    setup bundle check suite(test) serve bench demo fields lock      the tasks, named as typed
    strip annotations shake inline agent_archive bootstrap           edgetrace-agent.zip
    wheel archive lockfile(freeze.mjs) manifest budget               the rest of dist/
    harness stock_collector demo_*                                   what tests and the demo need

Nothing outside the standard library is imported at module level above the line, nor by a task's
module: cli imports those for their options before `environment` has made .venv and restarted
build.py inside it.
"""
