# SPDX-License-Identifier: MIT OR Apache-2.0
"""A small, real OTLP/HTTP receiver with a trace viewer, for one developer's machine and for tests.

    POST /v1/traces -> receive -> body -> decode | otlp_json -> store (SQLite) -> changes
    GET  /api/...   -> api     -> store -> records -> tree, phases, critical_path
    GET  /          -> static/ (the viewer, which talks to /api only)

It knows OTLP and HTTP; it knows nothing of the agent, whose output it receives like any other's.
Start it with ``python -m collector``; from a test with ``collector.server.serve_in_thread()``.
"""
