"""The laws of a stranger's bytes, of what is too deep, and of many threads."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pyroplug.contracts import Codec, joined
from pyroplug.errors import SecurityError, SerializeError
from pyroplug.values import ClassRegistry, ExceptionWrapper

from .memory_limit import memory_limit
from .serializer_support import SerializerSupport, shown, told
from .suite import Breach, for_all
from .threads import at_once

__all__ = ["StrangerLaws"]

HOSTILE_SIZE = 1 << 18
SLOW = 1.0
"""Seconds of processor time that nothing a stranger sends may take, of this size."""
MEMORY = 4 << 20
MEMORY_PER_BYTE = 16
LONGEST_TEXT = 2000
"""Characters of an error's text: it goes into logs, and to the peer."""

THREADS = 6
ROUNDS = 100


class StrangerLaws(SerializerSupport):
    """What comes from strangers; what is too much; many at once."""

    hostile: ClassVar[Mapping[str, bytes]] = {}

    # Strangers

    def test_arbitrary_bytes_raise_nothing_else(self, codec: Codec, little_memory: None) -> None:
        """Whatever arrives is a value, or a SerializeError."""
        for_all(lambda data: _is_documented(codec, data), data=st.binary(max_size=60))

    def test_damaged_payloads_raise_nothing_else(
        self, codec: Codec, content: SearchStrategy[Any], little_memory: None
    ) -> None:
        """What is nearly right gets farther into a reader than what is arbitrary."""

        def check(value: Any, is_call: bool, steps: list[tuple[str, int, bytes]]) -> None:
            payload = (
                codec.dumps_call("object", "method", (value,), {"x": value})
                if is_call
                else codec.dumps(value)
            )
            _is_documented(codec, _damaged(bytes(joined(payload)), steps))

        step = st.tuples(
            st.sampled_from(["change", "remove", "insert", "cut"]),
            st.integers(0, 1 << 16),
            st.binary(min_size=1, max_size=4),
        )
        for_all(
            check,
            value=content | st.sampled_from(_STATES),
            is_call=st.booleans(),
            steps=st.lists(step, min_size=1, max_size=3),
        )

    @pytest.mark.parametrize("byte", [0x00, 0x20, 0x28, 0x31, 0x5B, 0x7B, 0x81, 0x90, 0xA9, 0xDC, 0xDF, 0xFF])
    def test_one_byte_again_and_again(self, codec: Codec, byte: int, little_memory: None) -> None:
        """Soon, and with little memory."""
        _costs_little(codec, bytes((byte,)) * HOSTILE_SIZE, f"the byte {byte:#04x}, {HOSTILE_SIZE} times")

    @pytest.mark.parametrize("depth", [3000, 50_000])
    @pytest.mark.parametrize("form", ["lists", "dictionaries"])
    @pytest.mark.parametrize("is_complete", [True, False], ids=["complete", "cut off"])
    def test_what_is_nested_too_deeply_to_be_read(
        self, codec: Codec, depth: int, form: str, is_complete: bool, little_memory: None
    ) -> None:
        """It is refused, or read; it does not end the process."""
        found = _nesting(codec, form)
        if found is None:
            pytest.skip(f"no way is seen in which this format nests {form}")
        start, opening, middle, closing = found
        data = start + opening * depth + (middle + closing * depth if is_complete else b"")
        _costs_little(codec, data, f"{depth} {form} in each other")

    def test_what_was_made_to_do_harm(self, codec: Codec, little_memory: None) -> None:
        """Payloads that the author knows to be dangerous in this format."""
        for what, data in self.hostile.items():
            _costs_little(codec, data, what)

    @pytest.fixture
    def little_memory(self) -> Iterator[None]:
        """Data may claim to hold billions of items: let the claim fail, and not the machine."""
        with memory_limit():
            yield

    # Too much

    def test_what_is_nested_too_deeply_to_be_written(self, codec: Codec) -> None:
        """By no error of Python's own, and by none that ends the process."""
        value: Any = []
        for _ in range(100_000):
            value = [value]
        try:
            uses: dict[str, Callable[[], object]] = {
                "dumps": lambda: codec.dumps(value),
                "dumps_call": lambda: codec.dumps_call("o", "m", (value,), {}),
            }
            for what, use in uses.items():
                try:
                    use()
                except SerializeError:
                    continue
                except Exception as error:
                    raise Breach(
                        "what is nested too deeply raises SerializeError",
                        f"for 100,000 lists in each other, {what} raised {type(error).__name__}",
                    ) from None
        finally:
            while value:  # so that taking it apart needs no recursion
                value = value.pop()

    def test_what_contains_itself(self, codec: Codec) -> None:
        """It arrives as it was, where a format can say that, or is refused."""
        value: list[Any] = []
        value.append(value)
        try:
            loaded = codec.loads(joined(codec.dumps(value)))
        except SerializeError:
            return
        except Exception as error:
            raise Breach(
                "a list that contains itself raises SerializeError, or arrives",
                f"dumps and loads raised {type(error).__name__}: {error}",
            ) from None
        finally:
            value.clear()
        arrived = isinstance(loaded, list) and len(loaded) == 1 and loaded[0] is loaded
        if isinstance(loaded, list):
            loaded.clear()
        if not arrived:
            raise Breach(
                "a list that contains itself arrives as that, or is refused", "it became something else"
            )

    # Many at once

    def test_many_threads_share_a_codec(self, codec: Codec, classes: ClassRegistry) -> None:
        """A codec serves all connections of a daemon."""

        def use(number: int) -> None:
            value = {"x": [number, str(number)] * (number * 20)}
            for _ in range(ROUNDS):
                loaded = codec.loads(joined(codec.dumps(value)))
                if loaded != value:
                    raise Breach(
                        "many threads may use a codec at once", f"{shown(value)} became {told(loaded)}"
                    )
                call = joined(codec.dumps_call(str(number), "m", (number, value), {}))
                object_id, _, args, _ = codec.loads_call(call)
                if (object_id, list(args)) != (str(number), [number, value]):
                    raise Breach("many threads may use a codec at once", f"a call became {shown(args)}")

        at_once("many threads may use a codec at once", THREADS, use)


def _is_documented(codec: Codec, data: bytes) -> None:
    for name, load in (("loads", codec.loads), ("loads_call", codec.loads_call)):
        try:
            load(data)
        except (SerializeError, SecurityError) as error:
            if len(str(error)) > LONGEST_TEXT:
                raise Breach(
                    f"an error's text has at most {LONGEST_TEXT} characters",
                    f"{name}({shown(data)}) raised one of {len(str(error))}",
                ) from None
        except Exception as error:
            raise Breach(
                "what comes from strangers raises SerializeError and nothing else",
                f"{name}({data!r:.300}) raised {type(error).__name__}: {error!s:.300}",
                "translate what the format's library raises:"
                " except Exception as error: raise SerializeError(...) from error",
            ) from error


def _costs_little(codec: Codec, data: bytes, what: str) -> None:
    for name, load in (("loads", codec.loads), ("loads_call", codec.loads_call)):
        began = time.thread_time()
        _quietly(load, data, name, what)
        took = time.thread_time() - began
        if took > SLOW:
            raise Breach(
                f"what a stranger sends takes little time: less than {SLOW:g} s for {len(data):,} bytes",
                f"{name} of {what} took {took:.1f} s",
            )
    tracemalloc.start()
    try:
        _quietly(codec.loads, data, "loads", what)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    if most > MEMORY + MEMORY_PER_BYTE * len(data):
        raise Breach(
            "what a stranger sends takes little memory: in proportion to its size",
            f"loads of {what} ({len(data):,} bytes) took {most:,} bytes",
        )


def _quietly(load: Any, data: bytes, name: str, what: str) -> None:
    try:
        loaded = load(data)
    except (SerializeError, SecurityError):
        return
    except Exception as error:
        raise Breach(
            "what comes from strangers raises SerializeError and nothing else",
            f"{name} of {what} raised {type(error).__name__}: {error!s:.300}",
        ) from None
    _taken_apart(loaded)


def _taken_apart(value: Any) -> None:
    """Free a deep value step by step: Python's own way needs recursion, in some versions without limit."""
    while isinstance(value, (list, dict)) and value:
        value = value.pop() if isinstance(value, list) else value.popitem()[1]


def _damaged(data: bytes, steps: list[tuple[str, int, bytes]]) -> bytes:
    message = bytearray(data)
    for step, place, more in steps:
        at = place % len(message)
        if step == "change":
            message[at] = more[0]
        elif step == "remove":
            del message[at : at + len(more)]
        elif step == "insert":
            message[at:at] = more
        else:
            del message[at + 1 :]
        message = message or bytearray(b"x")
    return bytes(message)


def _nesting(codec: Codec, form: str) -> tuple[bytes, bytes, bytes, bytes] | None:
    """How the format writes a list or dictionary around something: its start, and before and after that.

    It is seen by comparing a text in one of them with the same text in two, three and four.
    """
    text = "the-very-middle"
    wrap: Callable[[Any], Any] = (lambda inner: [inner]) if form == "lists" else (lambda inner: {"k": inner})
    written, value = [], wrap(text)  # a format may write the outermost one in another way
    for _ in range(4):
        written.append(bytes(joined(codec.dumps(value))).split(text.encode()))
        value = wrap(value)
    if any(len(parts) != 2 for parts in written):
        return None
    befores, afters = [parts[0] for parts in written], [parts[1] for parts in written]
    more, less = len(befores[1]) - len(befores[0]), len(afters[1]) - len(afters[0])
    for shared in range(len(befores[0]) + 1):
        start, rest = befores[0][:shared], befores[0][shared:]
        opening, closing = befores[1][shared : shared + more], afters[1][len(afters[1]) - less :]
        if all(
            before == start + opening * depth + rest
            and after in (afters[0] + closing * depth, closing * depth + afters[0])
            for depth, (before, after) in enumerate(zip(befores, afters, strict=True))
        ):
            return start, opening, rest + text.encode() + afters[0], closing
    return None


_STATES: list[Any] = [
    ValueError("text", 1),
    ExceptionWrapper(KeyError("x")),
    [{"__class__": "float", "value": "nan"}],
    {"__class__": "collections.OrderedDict", "items": [("a", 1)]},
    {"__class__": "Pyro5.errors.NamingError", "__exception__": True, "args": ["x"], "attributes": {"a": 1}},
]
