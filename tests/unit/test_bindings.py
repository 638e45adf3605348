# SPDX-License-Identifier: MIT OR Apache-2.0
"""`_bindings`: a traced env is the env, with spans."""

from __future__ import annotations

import asyncio
import copy
import inspect
import os
from collections.abc import Callable
from typing import Any

import pytest

from edgetrace._binding_names import raw
from edgetrace._bindings import TracedBinding, TracedEnv, faults, traced_cache
from edgetrace._config import Settings
from edgetrace._current import get_current_span
from edgetrace._sampler import AlwaysOff
from edgetrace._tracer import TracerProvider, get_tracer, set_tracer_provider
from edgetrace._types import SpanData, SpanKind, StatusCode
from edgetrace.errors import AgentError
from edgetrace.testing import InMemoryExporter, ManualClock


class JsObject:
    """A JavaScript object: its constructor has a name, its methods note their calls."""

    def __init__(self, kind: str, **members: Any) -> None:
        """Members are attributes."""
        self.constructor = type("Constructor", (), {"name": kind})
        self.__dict__.update(members)


class Wrapper:
    """The shape of the SDK's `_BindingWrapper`: `_binding`, the rest by attribute, cached."""

    def __init__(self, binding: Any) -> None:
        """Wrap."""
        self._binding = binding

    def __getattr__(self, name: str) -> Any:
        """As the SDK: whatever can be called comes back as a function of its own."""
        found = getattr(self._binding, name)
        result = (lambda *args, **kwargs: found(*args, **kwargs)) if callable(found) else found
        setattr(self, name, result)
        return result

    def __getitem__(self, key: str) -> Any:
        """As the SDK."""
        return getattr(self._binding, key)


class EnvWrapper:
    """The shape of the SDK's `_EnvWrapper`."""

    def __init__(self, env: Any) -> None:
        """Wrap."""
        self._env = env
        self._asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        """Known bindings come back wrapped."""
        self._asked.append(name)
        binding = getattr(self._env, name)
        return Wrapper(binding) if isinstance(binding, JsObject) else binding


class Bench:
    """An env, its traced twin, and what came of it."""

    def __init__(self, *, keys: bool = False, sampler: Any = None, **bindings: Any) -> None:
        """Bindings by name."""
        self.exporter = InMemoryExporter()
        self.errors: list[AgentError] = []
        self.fetched: list[tuple[Any, ...]] = []
        self.provider = TracerProvider(
            Settings(),
            clock=ManualClock(),
            entropy=os.urandom,
            exporter=self.exporter,
            sampler=sampler,
            error_handler=self.errors.append,
        )
        self.tracer = self.provider.get_tracer("bindings")
        self.plain = EnvWrapper(type("Env", (), bindings))
        self.env: Any = TracedEnv(self.plain, self.tracer, self.fetch, keys=keys)

    async def fetch(self, call: Any, attributes: Any, args: Any, kwargs: Any) -> Any:
        """The adapter's part."""
        self.fetched.append((dict(attributes), args, kwargs))
        return await call(*args, **kwargs)

    @property
    def span(self) -> SpanData:
        """The last that ended."""
        return self.exporter.spans[-1]

    @property
    def names(self) -> list[str]:
        """Of all that ended."""
        return [span.name for span in self.exporter.spans]


def answers(value: Any = None, calls: list[Any] | None = None) -> Callable[..., Any]:
    """A method whose promise settles with `value`, or fails with it."""

    async def promise() -> Any:
        if isinstance(value, BaseException):
            raise value
        return value

    def method(*args: Any, **kwargs: Any) -> Any:
        if calls is not None:
            calls.append((args, kwargs))
        return promise()

    return method


def returns(value: Any = None) -> Callable[..., Any]:
    """A method that answers at once."""
    return lambda *args, **kwargs: value


def kv(**methods: Any) -> JsObject:
    """A KV namespace."""
    return JsObject("KvNamespace", **methods)


def d1(calls: list[Any] | None = None, answer: Any = None) -> JsObject:
    """A database, and a session of it."""

    def prepare(sql: str, *values: Any) -> JsObject:
        return JsObject(
            "D1PreparedStatement",
            statement=sql,
            bind=lambda *more: Wrapper(prepare(sql, *more)),
            **dict.fromkeys(("all", "run", "first", "raw"), answers(answer, calls)),
        )

    def database(kind: str) -> JsObject:
        return JsObject(
            kind,
            prepare=lambda sql: Wrapper(prepare(sql)),
            batch=answers([], calls),
            exec=answers({"count": 1}, calls),
            getBookmark=returns("b"),
            withSession=lambda *_: Wrapper(database("D1DatabaseSession")),
        )

    return database("D1Database")


def stub(kind: str = "DurableObject", **more: Any) -> JsObject:
    """A stub with one remote procedure."""
    return JsObject(kind, fetch=answers("response"), increment=answers(3), id="the id", **more)


def run(awaitable: Any) -> Any:
    """Await in a loop of its own."""

    async def main() -> Any:
        return await awaitable

    return asyncio.run(main())


def test_what_is_no_binding_comes_back_as_it_is() -> None:
    """Variables, unknown objects, and what cannot be asked."""

    class Broken:
        @property
        def constructor(self) -> Any:
            raise RuntimeError("broken")

    objects: dict[str, Any] = {
        "OBJ": {"a": 1},
        "BROKEN": Broken(),
        "HYPERDRIVE": JsObject("Hyperdrive"),
    }
    bench = Bench(VAR="text", NUMBER=3, NOTHING=None, **objects)
    assert (bench.env.VAR, bench.env.NUMBER, bench.env.NOTHING) == ("text", 3, None)
    assert bench.env.OBJ is objects["OBJ"]
    assert bench.env.BROKEN is objects["BROKEN"]
    assert type(bench.env.HYPERDRIVE) is Wrapper


def test_a_missing_name_is_missing() -> None:
    """The env's own error comes through."""
    assert not hasattr(Bench().env, "MISSING")


def test_bindings_are_looked_at_when_asked_for_and_once() -> None:
    """A binding that nobody uses costs nothing."""
    bench = Bench(KV=kv(), OTHER=kv())
    assert bench.env.KV is bench.env.KV
    assert bench.plain._asked == ["KV"]


def test_a_variable_that_changes_is_seen() -> None:
    """Only that it is no binding is remembered."""
    bench = Bench(VAR="old")
    assert bench.env.VAR == "old"
    bench.plain._env.VAR = "new"
    assert bench.env.VAR == "new"


def test_a_call_is_a_client_span_below_the_current_one() -> None:
    """It has the result, the arguments and the parent that the call had."""
    calls: list[Any] = []
    bench = Bench(KV=kv(get=answers("value", calls)))

    async def main() -> None:
        with bench.tracer.start_as_current_span("request"):
            assert await bench.env.KV.get("key", type="text") == "value"

    run(main())
    assert calls == [(("key",), {"type": "text"})]
    span, parent = bench.exporter.spans
    assert (span.name, span.kind) == ("get KV", SpanKind.CLIENT)
    assert span.parent == parent.context
    assert span.attributes["cloudflare.binding.name"] == "KV"


def test_the_binding_is_called_at_once() -> None:
    """As without tracing, a promise is on its way before it is awaited; `waitUntil` may do that."""
    calls: list[Any] = []
    bench = Bench(KV=kv(put=answers(None, calls)))
    with bench.tracer.start_as_current_span("request"):
        promise = bench.env.KV.put("k", "v")
    assert inspect.iscoroutine(promise)
    assert len(calls) == 1
    run(promise)
    assert bench.names == ["request", "put KV"]
    assert bench.span.parent == bench.exporter.spans[0].context


def test_concurrent_calls_are_siblings() -> None:
    """No call becomes another's parent, and afterwards the request is current again."""
    bench = Bench(KV=kv(get=answers("v")))

    async def main() -> None:
        with bench.tracer.start_as_current_span("request") as request:
            await asyncio.gather(bench.env.KV.get("a"), bench.env.KV.get("b"))
            assert get_current_span() is request

    run(main())
    first, second, request = bench.exporter.spans
    assert first.parent == second.parent == request.context


@pytest.mark.filterwarnings("ignore:coroutine")
def test_a_call_that_is_never_awaited_ends_with_its_promise() -> None:
    """The message is sent anyway, so its span is too."""
    bench = Bench(QUEUE=JsObject("WorkerQueue", send=answers()))
    bench.env.QUEUE.send("message")
    assert bench.names == ["send QUEUE"]


def test_a_failure_is_recorded_and_goes_on() -> None:
    """The very exception, whether the call fails or its promise."""
    error = ValueError("no")

    def fails(*_: Any) -> None:
        raise error

    bench = Bench(KV=kv(get=answers(error), put=fails))
    for call in (lambda: run(bench.env.KV.get("k")), lambda: bench.env.KV.put("k", "v")):
        with pytest.raises(ValueError, match="no") as caught:
            call()
        assert caught.value is error
        assert bench.span.status.code is StatusCode.ERROR
        assert bench.span.attributes["error.type"] == "ValueError"


def test_a_cancelled_call_is_no_error() -> None:
    """It ends; the handler that was cancelled may well have its answer."""
    bench = Bench(KV=kv(get=lambda _: asyncio.get_running_loop().create_future()))

    async def main() -> None:
        task = asyncio.create_task(bench.env.KV.get("k"))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def get() -> None:
        await bench.env.KV.get("k")

    async def cancelled() -> None:
        task = asyncio.create_task(get())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(main())
    run(cancelled())
    assert [span.status.code for span in bench.exporter.spans] == [StatusCode.UNSET] * 2


def test_a_synchronous_result_ends_the_span() -> None:
    """Analytics Engine answers at once."""
    bench = Bench(AE=JsObject("AnalyticsEngineDataset", writeDataPoint=returns()))
    assert bench.env.AE.writeDataPoint({"blobs": ["x"]}) is None
    assert bench.names == ["writeDataPoint AE"]


def test_properties_and_unknown_methods_are_untouched() -> None:
    """They are the wrapped object's own."""
    bench = Bench(KV=kv(size=3, future=answers("x")), COUNTER=stub("DurableObjectNamespace"))
    plain = raw(bench.env.KV._traced)
    assert bench.env.KV.size == 3
    assert bench.env.KV["size"] == 3
    assert bench.env.KV.future.__qualname__.startswith("Wrapper")
    assert bench.env.COUNTER.id == "the id"
    assert run(bench.env.KV.future()) == "x"
    assert plain.size == 3
    assert not bench.names


def test_a_wrapper_passes_for_what_it_wraps() -> None:
    """The SDK asks `isinstance`, then for `_binding` or `js_object`, and for the constructor."""
    bench = Bench(KV=kv())
    plain = bench.plain._env.KV
    assert isinstance(bench.env, EnvWrapper)
    assert isinstance(bench.env.KV, Wrapper)
    assert bench.env.KV._binding is bench.env.KV.js_object is plain
    assert bench.env.KV.constructor.name == "KvNamespace"
    assert repr(bench.env.KV) == repr(bench.env.KV._traced)
    with pytest.raises(TypeError):
        iter(bench.env.KV)


def test_bare_javascript_objects_are_traced_too() -> None:
    """Without the SDK there is nothing to pass for."""
    bench = Bench()
    env: Any = TracedEnv(JsObject("Object", KV=kv(get=answers(1))), bench.tracer, bench.fetch)
    assert type(env) is env.__class__ is TracedEnv
    assert isinstance(env.KV, TracedBinding)
    assert env.KV.js_object is raw(env.KV._traced)
    assert run(env.KV.get("k")) == 1
    assert bench.names == ["get KV"]


def test_a_traced_env_is_not_traced_twice() -> None:
    """Two decorators make one span."""
    bench = Bench(KV=kv(get=answers(1)))
    again: Any = TracedEnv(bench.env, bench.tracer, bench.fetch)
    run(again.KV.get("k"))
    assert bench.names == ["get KV"]


def test_a_half_made_copy_asks_without_end_for_nothing() -> None:
    """Copying makes the object before it has attributes."""
    bench = Bench(KV=kv())
    assert not hasattr(TracedBinding.__new__(TracedBinding), "get")
    assert not hasattr(TracedEnv.__new__(TracedEnv), "KV")
    assert copy.copy(bench.env.KV)._binding is bench.env.KV._binding


def test_wrappers_among_arguments_are_taken_off() -> None:
    """D1's batch gets the statements that the SDK made; other lists stay what they are."""
    calls: list[Any] = []
    bench = Bench(DB=d1(calls))
    statement = bench.env.DB.prepare("SELECT a FROM t WHERE b = ?").bind(1)
    mixed = [statement, bench.env.DB.prepare("DELETE FROM t")]
    run(bench.env.DB.batch(mixed))
    (given,), _ = calls[-1]
    assert [type(item) for item in given] == [Wrapper, Wrapper]
    assert given[0].statement == "SELECT a FROM t WHERE b = ?"
    untouched: list[Any] = []
    run(bench.env.DB.batch(untouched))
    assert calls[-1][0][0] is untouched


def test_statements_are_traced_through_sessions() -> None:
    """Chained objects stay traced; what is no call to the database is no span."""
    bench = Bench(DB=d1(answer={"a": 1}))
    session = bench.env.DB.withSession("first-primary")
    assert session.getBookmark() == "b"
    assert run(session.prepare("SELECT a FROM t WHERE b = ?").bind(1).first()) == {"a": 1}
    assert bench.names == ["SELECT t"]


def test_multipart_uploads_stay_traced() -> None:
    """Both one that begins, whose promise gives it, and one that is resumed."""
    upload = Wrapper(JsObject("R2MultipartUpload", uploadPart=answers("part"), key="k"))
    bench = Bench(
        BUCKET=JsObject(
            "R2Bucket",
            createMultipartUpload=answers(upload),
            resumeMultipartUpload=returns(upload),
        )
    )

    async def main() -> None:
        begun = await bench.env.BUCKET.createMultipartUpload("k")
        assert await begun.uploadPart(1, b"xx") == "part"
        resumed = bench.env.BUCKET.resumeMultipartUpload("k", "id")
        assert await resumed.uploadPart(2, b"xx") == "part"

    run(main())
    assert bench.names == ["createMultipartUpload BUCKET", *["uploadPart BUCKET"] * 2]


@pytest.mark.parametrize("kind", ["DurableObject", "Fetcher"])
def test_requests_to_workers_and_objects_are_the_adapters(kind: str) -> None:
    """It is given the call, the binding's attributes and the arguments; no other span is made."""
    namespace = JsObject("DurableObjectNamespace", get=returns(Wrapper(stub())))
    bench = Bench(OBJECTS=namespace, SERVICE=stub("Fetcher"))
    objects = kind == "DurableObject"
    target = bench.env.OBJECTS.get("id") if objects else bench.env.SERVICE
    assert run(target.fetch("https://x/", method="POST")) == "response"
    attributes, args, kwargs = bench.fetched[0]
    assert attributes == {
        "cloudflare.binding.type": "durable_object" if objects else "service",
        "cloudflare.binding.name": "OBJECTS" if objects else "SERVICE",
    }
    assert (args, kwargs) == (("https://x/",), {"method": "POST"})
    assert not bench.names


def test_remote_procedures_are_client_spans() -> None:
    """Of a Durable Object, however it was got, and of another Worker."""
    inner = JsObject("DurableObjectNamespace", getByName=returns(Wrapper(stub())))
    namespace = JsObject(
        "DurableObjectNamespace", idFromName=returns("id"), jurisdiction=returns(Wrapper(inner))
    )
    bench = Bench(COUNTER=namespace, SERVICE=stub("Fetcher"))
    assert bench.env.COUNTER.idFromName("x") == "id"
    assert run(bench.env.COUNTER.jurisdiction("eu").getByName("x").increment(1)) == 3
    assert run(bench.env.SERVICE.increment(1)) == 3
    assert bench.names == ["COUNTER/increment", "SERVICE/increment"]
    assert bench.exporter.spans[0].attributes == {
        "rpc.system.name": "cloudflare.jsrpc",
        "rpc.method": "COUNTER/increment",
        "cloudflare.jsrpc.method": "increment",
        "cloudflare.binding.type": "durable_object",
        "cloudflare.binding.name": "COUNTER",
    }


def test_what_a_stub_has_for_itself_is_no_procedure() -> None:
    """Nor is a bare property of it, which can be called and awaited both."""

    class Property:
        then = None

        def __call__(self) -> None:
            """Could be called."""

    prop = Property()
    bench = Bench(SERVICE=stub("Fetcher", connect=returns("socket")))
    bare: Any = TracedEnv(
        JsObject("Object", SERVICE=stub("Fetcher", prop=prop)), bench.tracer, bench.fetch
    )
    assert bench.env.SERVICE.connect("x:1") == "socket"
    assert bare.SERVICE.prop is prop
    assert not bench.names


def test_a_cache_is_traced_by_name() -> None:
    """Its requests are JavaScript's and are not looked at."""
    bench = Bench()
    cache = traced_cache(JsObject("Cache", match=answers("hit")), "default", bench.tracer)
    assert run(cache.match(object())) == "hit"
    assert bench.names == ["match default"]
    assert bench.span.attributes["cloudflare.binding.type"] == "cache"


def test_a_fault_of_ours_fails_no_call() -> None:
    """It is counted and reported; the span has the binding."""
    bench = Bench(KV=kv(get=answers("v")), DB=d1(answer={"meta": Hostile()}))
    assert run(bench.env.KV.get()) == "v"
    assert faults(bench.env) == 1
    assert (bench.span.name, len(bench.span.attributes)) == ("get KV", 2)
    assert run(bench.env.DB.prepare("SELECT 1").all()) is not None
    assert faults(bench.env) == 2
    assert len(bench.errors) == 2


def test_without_a_provider_a_fault_is_counted_only() -> None:
    """A tracer may be had before there is one."""
    set_tracer_provider(None)  # of another test's
    env: Any = TracedEnv(type("Env", (), {"KV": kv(get=answers(1))}), get_tracer("x"), no_fetch)
    assert run(env.KV.get()) == 1
    assert faults(env) == 1


def test_where_nothing_is_sampled_calls_go_on() -> None:
    """The tracer decides; the call does not notice."""
    bench = Bench(sampler=AlwaysOff(), DB=d1(answer={"meta": {}}))
    assert run(bench.env.DB.prepare("SELECT 1").all()) == {"meta": {}}
    assert not bench.names


async def no_fetch(*_: Any) -> Any:
    """Never called."""
    raise AssertionError


class Hostile(dict[str, Any]):
    """A mapping that raises."""

    def get(self, *_: Any) -> Any:
        """Never answers."""
        raise RuntimeError("hostile")
