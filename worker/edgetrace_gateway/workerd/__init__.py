# SPDX-License-Identifier: MIT OR Apache-2.0
"""The half of the gateway that speaks to workerd: it moves what the other half has decided.

http        requests and responses, headers, bounded bodies
site        to the origin and back, traced
rewrite     a page on its way gets the tag and its trace
files       the agent's files, from static assets
telemetry   browsers' spans in, and on to the collector
queues      the same by way of a Queue, so that batches span isolates
"""
