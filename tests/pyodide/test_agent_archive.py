# SPDX-License-Identifier: MIT OR Apache-2.0
"""The built archives in Pyodide on Node: the agent boots, takes entries and sends OTLP, as source
in a stock Pyodide and as bytecode in one that has only the bundle's library.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from edgetrace._entries import NUMBERS, STRINGS
from tasks.node import tool_environ
from tasks.paths import DIST, PACKAGE

PROGRAM = """
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
const [dist, archive, library, dataset, numbers, text] = JSON.parse(readFileSync(0, "utf-8"));
const sent = [];
globalThis.fetch = async (url, request) => {
  sent.push(Buffer.from(request.body).toString("base64"));
  return new Response("", { status: 200 });
};
const { loadPyodide } = await import(pathToFileURL(`${dist}/pyodide/pyodide.mjs`));
const python = await loadPyodide(library ? { stdLibURL: `${dist}/${library}` } : {});
python.FS.writeFile("/edgetrace-agent.zip", readFileSync(`${dist}/${archive}`));
python.runPython("import sys; sys.path.append('/edgetrace-agent.zip'); loaded = set(sys.modules)");
const serve = python.pyimport("edgetrace.browser.serve");
const added = python.runPython("' '.join(sorted(set(sys.modules) - loaded))");
const flushed = new Promise((resolve) => {
  const runtime = serve(JSON.stringify(dataset), (page, text) => {
    const told = JSON.parse(text);
    if (told.kind == "flushed") resolve(told.counters);
  });
  runtime.receive(1, JSON.stringify({ kind: "hello", page: { url: "https://shop.example/" } }));
  runtime.entries(1, 1.7e12, Float64Array.from(numbers), text);
  runtime.receive(1, JSON.stringify({ kind: "flush", id: 1 }));
});
const counters = await flushed;
let traceback = "";
try {
  python.runPython("import edgetrace._protobuf; edgetrace._protobuf.utf8(1)");
} catch (error) {
  traceback = String(error);
}
const heap = python._module.HEAP8.length;
console.log(JSON.stringify({ sent, counters, added, traceback, heap }));
process.exit(0);
"""


def _row(**values: float | str) -> tuple[list[float], list[str]]:
    numbers = [float(values.get(name, 0)) for name in NUMBERS]
    return numbers, [str(values.get(name, "")) for name in STRINGS]


def _run(archive: str, library: str, **dataset: str) -> dict[str, object]:
    page = {"name": "https://shop.example/", "type": "navigate"}
    rows = [
        _row(kind=1, fetchStart=1, responseEnd=20, loadEventEnd=60, **page),
        _row(kind=0, fetchStart=30, responseEnd=40, name="https://shop.example/a.js?token=1"),
    ]
    numbers = [number for row in rows for number in row[0]]
    text = "\n".join([line for row in rows for line in row[1]])
    options = {"endpoint": "https://collector.example/v1/traces", "compression": "none"}
    done = subprocess.run(
        ["node", "--input-type=module", "-e", PROGRAM],
        input=json.dumps(
            [str(DIST), archive, library, list({**options, **dataset}.items()), numbers, text]
        ),
        capture_output=True,
        text=True,
        env={**os.environ, **tool_environ()},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return told


SOURCE = ("edgetrace-agent.zip", "")
BYTECODE = ("edgetrace-bytecode.zip", "edgetrace-stdlib.zip")
BARE_HEAP_BYTES = 31_457_280
"""Of a stock `loadPyodide()`, November 2026."""


def _delivered(told: dict[str, object], protocol: str) -> None:
    """The documents and the resource, its query redacted, counted."""
    assert isinstance(told["sent"], list)
    (body,) = map(base64.b64decode, told["sent"])
    request = ExportTraceServiceRequest()
    if protocol == "http/json":
        decoded = json.loads(body)
        for span in decoded["resourceSpans"][0]["scopeSpans"][0]["spans"]:
            for key in ("traceId", "spanId", "parentSpanId"):  # protobuf's own JSON has base64
                span[key] = base64.b64encode(bytes.fromhex(span.get(key, ""))).decode()
        json_format.ParseDict(decoded, request)
    else:
        request.ParseFromString(body)
    spans = {span.name: span for span in request.resource_spans[0].scope_spans[0].spans}
    assert set(spans) == {"documentLoad", "documentFetch", "resourceFetch"}
    urls = {item.key: item.value.string_value for item in spans["resourceFetch"].attributes}
    assert urls["url.full"] == "https://shop.example/a.js?token=REDACTED"
    assert isinstance(told["counters"], dict)
    assert told["counters"]["exported"] == 3


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
def test_entries_become_a_trace(protocol: str) -> None:
    """In both encodings they are delivered; nothing is imported that Pyodide had not loaded; and a
    traceback shows the line.
    """
    told = _run(*SOURCE, protocol=protocol)
    _delivered(told, protocol)
    assert {name.split(".")[0] for name in str(told["added"]).split()} == {"edgetrace", "js"}
    assert "/edgetrace-agent.zip/edgetrace/_protobuf.py" in str(told["traceback"])
    assert "return text.encode()" in str(told["traceback"])


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
def test_bytecode_does_the_same(protocol: str) -> None:
    """With no other library than the bundle's, in no more heap; a traceback names git's line."""
    told = _run(*BYTECODE, protocol=protocol)
    _delivered(told, protocol)
    assert isinstance(told["heap"], int)
    assert told["heap"] <= BARE_HEAP_BYTES
    lines = (PACKAGE / "_protobuf.py").read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, 1) if "return text.encode()" in line)
    assert f'"edgetrace/_protobuf.py", line {number}' in str(told["traceback"])
