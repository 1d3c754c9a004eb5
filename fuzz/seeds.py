"""Valid bytes for each target, of which others are made; ``python -m fuzz.seeds`` writes the corpus anew."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyroplug import marshalled
from pyroplug.blobs import SerializedBlob, describe_blob
from pyroplug.challenges import pack_challenges
from pyroplug.contracts import joined
from pyroplug.values import ExceptionWrapper, exception_to_dict, wrapped_exception
from pyroplug.wire import Flags, MessageType, encode
from tests.conversation import SERIALIZERS, WIRE_IDS, codec_of

__all__ = ["CORPUS", "CRASHES", "URIS", "VALUES", "files_of", "messages_for", "write_corpus"]

CORPUS = Path(__file__).with_name("corpus")
CRASHES = Path(__file__).with_name("crashes")

VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    1 << 70,
    1.5,
    "text \u20ac '\"\\\\\\n",
    [],
    [1, "two", [3.0, None]],
    (1, (2, ())),
    {"key": {"inner": [1]}, "other": False},
    list(range(300)),
    {"__class__": "float", "value": "nan"},
    exception_to_dict(ValueError("text", 5), ["line\\n"]),
    wrapped_exception(exception_to_dict(KeyError("key"))),
    {"__class__": "Pyro5.core.URI", "state": ["PYRO", "thing", None, "localhost", 4444]},
    {
        "__class__": "Pyro5.client.Proxy",
        "state": ["PYRO:thing@localhost:4444", [], ["echo"], [], "hello", "json"],
    },
    {"__class__": "collections.OrderedDict", "items": [["a", 1]]},
    {"__class__": "no.such.Class"},
)
RICH: tuple[Any, ...] = (b"bytes\\0\\xff", 1 + 2j, {1, 2}, {5: (6,)}, ExceptionWrapper(TypeError("wrapped")))

URIS = (
    *("PYRO:thing@localhost:4444", "PYRO:thing@[::1]:4444", "PYRO:thing@./u:/tmp/socket", "PYRO:a b@h:1"),
    *("PYRONAME:name", "PYRONAME:name@localhost", "PYRONAME:name@host:9090", "PYROMETA:one,two@host:9090"),
    *("PYRO:thing@./scheme:address", "PYRO:Pyro.Daemon@192.0.2.1:65535", "PYRO:x@./u:\\0abstract"),
    *('["PYRO", "thing", null, "localhost", 4444]', '["PYROMETA", ["one"], null, null, null]'),
)


def _payloads(serializer: str) -> Iterator[bytes]:
    codec = codec_of(serializer)
    for value in (*VALUES, *RICH):
        try:
            yield bytes(joined(codec.dumps(value)))
        except Exception:  # json carries little
            continue
    yield bytes(joined(codec.dumps_call("thing", "echo", ("text", 5), {"key": [1, None]})))
    yield bytes(joined(codec.dumps_call("thing", "echo", [], None)))


def messages_for(serializer: str) -> Iterator[bytes]:
    """Requests of a client, in one serializer."""
    codec, number = codec_of(serializer), WIRE_IDS[serializer]

    def message(kind: int, payload: Any, flags: int = 0, **parts: Any) -> bytes:
        return b"".join(encode(kind, number, flags, 1, payload, **parts))

    def call(method: str, *args: Any, flags: int = 0, **parts: Any) -> bytes:
        kwargs: dict[str, Any] | None = None if method.startswith("<") else {}
        return message(MessageType.INVOKE, codec.dumps_call("thing", method, args, kwargs), flags, **parts)

    yield message(MessageType.CONNECT, codec.dumps({"handshake": "hello", "object": "thing"}))
    for value in VALUES:
        yield call("echo", value)
    yield call("count")
    yield call("fail")
    yield call("__getattr__", "level")
    yield call("__setattr__", "level", 5)
    yield call("note", flags=Flags.ONEWAY)
    yield call("echo", 5, annotations={"ABCD": b"beside", "EFGH": b""}, correlation_id=bytes(range(16)))
    yield call("echo", "compressed " * 30, compress=True)
    batch: list[Any] = [("echo", (1,), {}), ("level", (), {}), ("echo", (2,), {})]
    for flags in (Flags.BATCH, Flags.BATCH | Flags.ONEWAY):
        yield message(MessageType.INVOKE, codec.dumps_call("thing", "<batch>", batch, None), flags)
    about = describe_blob(SerializedBlob({"info": [1, 2.5, None]}, None), "thing", "echo")
    yield call("echo", 5, flags=Flags.KEEP_SERIALIZED, annotations={"BLBI": about})
    for method in ("get_metadata", "ping", "get_next_stream_item", "info"):
        yield message(MessageType.INVOKE, codec.dumps_call("Pyro.Daemon", method, ("thing",), {}))
    yield message(MessageType.PING, b"ping")


def _answers_of(serializer: str) -> Iterator[bytes]:
    """Answers of a server, each to the first call on a connection; and a conversation."""
    codec, number = codec_of(serializer), WIRE_IDS[serializer]

    def answer(
        value: Any, kind: int = MessageType.RESULT, flags: int = 0, sequence: int = 1, **parts: Any
    ) -> bytes:
        return b"".join(encode(kind, number, flags, sequence, codec.dumps(value), **parts))

    first, greeted = bytes((number - 1, 15)), bytes((number - 1 | 8, 255))
    meta = {"methods": ["echo"], "oneway": [], "attrs": []}
    yield (
        greeted + answer({"handshake": "hello", "meta": meta}, MessageType.CONNECTOK, sequence=0) + answer(5)
    )
    yield greeted + answer("no", MessageType.CONNECTFAIL, sequence=0)
    yield greeted + b"".join(encode(MessageType.CONNECTFAIL, 2, 0, 0, marshalled.dump_text("no")))
    pong = b"".join(encode(MessageType.PING, 42, 0, 0, b"pong"))
    yield first + answer(5) + answer(None, sequence=2) + pong + answer("x" * 200, sequence=4, compress=True)
    for value in VALUES:
        yield first + answer(value)
    failed = exception_to_dict(ValueError("text"), ["line\\n"])
    yield first + answer(failed, flags=Flags.EXCEPTION)
    stream = Flags.EXCEPTION | Flags.ITEM_STREAM_RESULT
    yield first + answer(failed, flags=stream, annotations={"STRM": b"id", "ITMS": b"1"})
    yield first + answer(5, annotations={"ABCD": b"beside"}, correlation_id=bytes(16))


def _seeds(target: str) -> Iterator[bytes]:
    if target in SERIALIZERS:
        yield from _payloads(target)
    elif target == "uri":
        yield from (text.encode() for text in URIS)
    elif target == "beside":
        for value in (*VALUES[:10], b"bytes", 1 + 2j, frozenset((1, 2)), ({"info": 1}, "thing", "echo")):
            yield marshalled.dump(value)
        yield pack_challenges({"one": b"question", "two": b""})
    else:
        for serializer in SERIALIZERS:
            choice = WIRE_IDS[serializer] - 1
            if target == "client":
                yield from _answers_of(serializer)
                continue
            requests = list(messages_for(serializer))
            yield bytes((choice,)) + b"".join(requests[:3] + requests[-3:])
            yield from (bytes((choice | 4,)) + request for request in requests[1:])


def files_of(target: str) -> list[Path]:
    """The corpus of a target, and what broke it once."""
    return sorted((*(CORPUS / target).glob("*"), *(CRASHES / target).glob("*")))


def write_corpus() -> None:
    """Write the corpus anew: the seeds of every target, with those left out that are alike."""
    from .targets import TARGETS

    for target in TARGETS:
        shutil.rmtree(CORPUS / target, ignore_errors=True)
        (CORPUS / target).mkdir(parents=True)
        seeds = dict.fromkeys(_seeds(target))
        step = max(1, len(seeds) // 40)
        for number, seed in enumerate(list(seeds)[::step]):
            (CORPUS / target / f"{number:03}").write_bytes(seed)


if __name__ == "__main__":
    write_corpus()
