"""What every serializer has to do, as a suite to subclass.

What it does to values stands here; objects and strangers have modules of their own.
"""

from __future__ import annotations

import copy
import reprlib
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest
from hypothesis.strategies import SearchStrategy

from pyroplug.contracts import Codec, Serializer, Settings, joined, size_of
from pyroplug.errors import SerializeError
from pyroplug.plugins.kinds import Kind
from pyroplug.values import ClassRegistry

from . import strategies
from .comparing import same
from .serializer_bulk import BulkLaws
from .serializer_objects import ObjectLaws
from .serializer_strangers import StrangerLaws
from .serializer_support import SerializerSupport, shown, told
from .suite import Breach, for_all
from .verdicts import satisfies

__all__ = ["SerializerSuite"]

FORMS: Mapping[str, Callable[[bytes], Any]] = {
    "bytes": bytes,
    "a bytearray": bytearray,
    "a memoryview of bytes": memoryview,
    "a memoryview of a bytearray": lambda data: memoryview(bytearray(data)),
    "a part of a memoryview": lambda data: memoryview(b"<" + data + b">")[1:-1],
}

SIMPLE: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 255, 65_536, 0.0, 1.5, -2.25, "", "text", "größe", "0", "None"),
    *([], [[]], [1, [2, "x"]], [True, None], {}, {"a": {}}, {"a": [1], "b": None}, [{}, []], {"": ""}),
)
"""What is most often sent: nothing here is left to chance."""

EXTREMES: Mapping[str, Any] = {
    "a whole number of more than 64 bits": 2**64,
    "a whole number of more than 64 bits, below zero": -(2**63) - 1,
    "a whole number of a hundred digits": 10**100,
    "infinity": float("inf"),
    "minus infinity": float("-inf"),
    "nan": float("nan"),
    "minus zero": -0.0,
    "a float of seventeen digits": 0.1 + 0.2,
    "a large float": 1.7976931348623157e308,
    "a tiny float": 5e-324,
    "half a surrogate pair": "\ud800",
    "a text with a NUL": "a\0b",
    "an empty key": {"": 1},
    "a long text": "x" * 100_000,
    "a long list": list(range(10_000)),
}


class SerializerSuite(StrangerLaws, ObjectLaws, BulkLaws, SerializerSupport):
    """The laws of :class:`~pyroplug.contracts.Serializer` and its codecs. Override ``serializer``.

    :cvar configuration: values of configuration items that it is given.
    :cvar types: values of types that ``carries`` names and the suite does not know, or of which the plugin
        carries some only; by the types' names, see :data:`pyroplug.testing.strategies.TYPES`.
    :cvar wire_ids: where its wire id may be.
    :cvar hostile: payloads that were made to do harm to this very format, by what they are.
    """

    types: ClassVar[Mapping[str, SearchStrategy[Any]]] = {}
    wire_ids: ClassVar[range] = range(64, 256)

    @pytest.fixture
    def content(self, serializer: Serializer) -> SearchStrategy[Any]:
        """Values of all kinds that the serializer says it carries."""
        return strategies.values(serializer.carries, self._types(serializer))

    def _types(self, serializer: Serializer) -> Mapping[str, SearchStrategy[Any]]:
        known = {**strategies.TYPES, **self.types}
        unknown = sorted(set(serializer.carries) - known.keys())
        if unknown:
            raise Breach(
                "every type that a serializer says it carries is tried",
                f"carries names {', '.join(map(repr, unknown))}, which the suite has no values of",
                f"give some as types = {{{unknown[0]!r}: a strategy of hypothesis}}, or use the names that"
                f" the suite knows: {', '.join(strategies.TYPES)}",
            )
        return known

    # Identity

    def test_it_satisfies_the_contract(self, serializer: Serializer) -> None:
        """All members are there, and of the right kind."""
        satisfies(Kind.SERIALIZER, serializer, "a serializer satisfies pyroplug.contracts.Serializer")

    def test_its_wire_id_is_free_to_take(self, serializer: Serializer) -> None:
        """The ids below 64 are pyroplug's own."""
        if serializer.wire_id not in self.wire_ids:
            raise Breach(
                f"the wire id is from {self.wire_ids.start} to {self.wire_ids.stop - 1}",
                f"wire_id is {serializer.wire_id}",
                "64 to 127 are for registered third parties, 128 to 255 for private use",
            )

    def test_its_identity_stays(self, serializer: Serializer, settings: Settings) -> None:
        """Name, wire id and types do not change when it is used."""
        before = serializer.name, serializer.wire_id, serializer.carries
        codec = serializer.codec(settings, ClassRegistry())
        codec.loads(joined(codec.dumps([1])))
        after = serializer.name, serializer.wire_id, serializer.carries
        if before != after:
            raise Breach("name, wire_id and carries stay what they are", f"{before} became {after}")

    # Values

    def test_values_come_back(self, codec: Codec, content: SearchStrategy[Any]) -> None:
        """JSON's types, and those that the serializer names, nested in each other."""
        for value in SIMPLE:
            self.comes_back(codec, value)
        for_all(lambda value: self.comes_back(codec, value), value=content)

    def test_each_type_that_it_carries_comes_back(self, codec: Codec, serializer: Serializer) -> None:
        """By itself, so that one that is rarely drawn is not overlooked."""
        known = self._types(serializer)
        for name in sorted(serializer.carries):
            self._type_comes_back(codec, name, known[name])

    def _type_comes_back(self, codec: Codec, name: str, drawn: SearchStrategy[Any]) -> None:
        for_all(lambda value: self.comes_back(codec, value, name), value=drawn)

    def test_no_type_comes_back_that_it_does_not_name(self, codec: Codec, serializer: Serializer) -> None:
        """What works and is not named is of no use to anybody who asks."""
        unnamed = sorted(strategies.SAMPLES.keys() - serializer.carries)
        coming_back = [name for name in unnamed if self._samples_come_back(codec, name)]
        if coming_back:
            names = ", ".join(map(repr, coming_back))
            raise Breach(
                "carries names every type that comes back unchanged",
                f"values of the types {names} came back, and it does not name them: such as"
                f" {strategies.SAMPLES[coming_back[0]]!r}",
                f"add {names} to carries, or see to it that such values are refused",
            )

    def _samples_come_back(self, codec: Codec, name: str) -> bool:
        try:
            for value in strategies.SAMPLES[name]:
                self.comes_back(codec, value)
        except Exception:  # by whatever it is noticed that it does not
            return False
        return True

    @pytest.mark.parametrize("what", EXTREMES)
    def test_what_is_extreme_comes_back_or_is_refused(self, codec: Codec, what: str) -> None:
        """Nothing is changed in silence."""
        value = EXTREMES[what]
        try:
            payload = codec.dumps(value)
        except SerializeError:
            return
        loaded = codec.loads(joined(payload))
        if not same(loaded, value):
            raise Breach(
                "a value of JSON's types comes back as it was, or dumps raises SerializeError",
                f"{what}, {shown(value)}, became {told(loaded)}",
            )

    def test_what_is_written_is_left_alone(self, codec: Codec, content: SearchStrategy[Any]) -> None:
        """The caller's value is the caller's."""

        def check(value: Any) -> None:
            before = copy.deepcopy(value)
            codec.dumps(value)
            kwargs = {"key": value}
            codec.dumps_call("object", "method", (value,), kwargs)
            if not same(value, before) or not same(kwargs, {"key": before}):
                raise Breach("dumps does not change the value", f"{shown(before)} became {shown(value)}")

        for_all(check, value=content)

    def test_each_value_that_is_read_is_new(self, codec: Codec) -> None:
        """Two readers of the same bytes do not share what they got."""
        payload = joined(codec.dumps([[1], {"a": [2]}]))
        first, second = codec.loads(payload), codec.loads(payload)
        first[0].append("changed")
        if not same(second, [[1], {"a": [2]}]):
            raise Breach(
                "loads gives a new value each time", f"what one reader changed, another got: {second!r}"
            )

    def test_what_a_daemon_tells_of_its_objects_comes_back(self, codec: Codec) -> None:
        """Sets of names, whether or not the format has sets: without them no proxy gets to know an object."""
        law = "sets of names come back as collections: daemons send them when proxies ask what an object has"
        told_of = {"methods": {"sell", "buy"}, "oneway": set[str](), "attrs": {"price"}}
        try:
            loaded = codec.loads(joined(codec.dumps(told_of)))
            found = {part: set(names) for part, names in loaded.items()}
        except (SerializeError, AttributeError, TypeError) as error:
            raise Breach(law, f"for {shown(told_of)}: {error}", "write sets as lists") from error
        if found != told_of:
            raise Breach(law, f"{shown(told_of)} became {told(loaded)}", "write sets as lists")

    # Calls

    def test_calls_come_back(self, codec: Codec, content: SearchStrategy[Any]) -> None:
        """With positional arguments, and with and without keywords."""

        def check(call: strategies.Call) -> None:
            payload = codec.dumps_call(*call)
            self.is_payload(payload, call)
            loaded = codec.loads_call(joined(payload))
            if type(loaded) is not tuple or len(loaded) != 4:
                raise Breach("loads_call gives a tuple of four", f"{shown(call)} became {told(loaded)}")
            object_id, method, args, kwargs = loaded
            if type(args) not in (list, tuple) or not (kwargs is None or type(kwargs) is dict):
                raise Breach(
                    "positional arguments come back as a list or a tuple, keywords as a dictionary or None",
                    f"{shown(call)} became {told(loaded)}",
                )
            found = strategies.Call(object_id, method, tuple(args), kwargs or {})
            if not same(tuple(found), (call.object_id, call.method, call.args, call.kwargs or {})):
                raise Breach("a call comes back as it was", f"{shown(call)} became {shown(found)}")

        for_all(check, call=strategies.calls(content))

    @pytest.mark.parametrize(
        ("args", "kwargs"),
        [
            (("name",), None),
            (("name", 5), {}),
            ([("first", [1, "x"], {"y": 2}), ("second", [], {})], None),
            ({"blob": [1]}, {}),
            (5, {}),
            (None, None),
        ],
        ids=["attribute", "setting", "batch", "blob", "number", "nothing"],
    )
    def test_what_stands_in_place_of_arguments_comes_back(self, codec: Codec, args: Any, kwargs: Any) -> None:
        """A batch has its calls there, and a blob its value."""
        found = codec.loads_call(joined(codec.dumps_call("object", "method", args, kwargs)))
        wanted = codec.loads(joined(codec.dumps(args)))
        same_args = same(found[2], wanted) or (
            type(args) in (list, tuple) and type(found[2]) in (list, tuple) and same([*found[2]], [*wanted])
        )
        if found[:2] != ("object", "method") or not same_args or found[3]:
            raise Breach(
                "whatever is given as positional arguments comes back as if it were a value",
                f"args={args!r}, kwargs={kwargs!r} became {told(found)}",
            )

    def test_what_is_no_call_is_refused(self, codec: Codec) -> None:
        """A payload that holds something else never becomes a call."""
        for value in NO_CALLS:
            data = joined(codec.dumps(value))
            try:
                loaded = codec.loads_call(data)
            except SerializeError:
                continue
            except Exception as error:
                raise Breach(
                    "loads_call raises SerializeError for what is no call",
                    f"for the payload of {value!r} it raised {type(error).__name__}: {error}",
                ) from error
            raise Breach(
                "loads_call raises SerializeError for what is no call: the object's id and the method are"
                " texts, the keywords a dictionary or None",
                f"for the payload of {value!r} it gave {told(loaded)}",
            )

    # Buffers

    @pytest.mark.parametrize("form", FORMS)
    def test_bytes_in_any_form_can_be_read(self, codec: Codec, form: str) -> None:
        """A contract that takes a buffer takes all three, and keeps none."""
        value = {"x": [1, "two", None, 3.5]}
        for load, payload, wanted in (
            (codec.loads, codec.dumps(value), value),
            (codec.loads_call, codec.dumps_call("o", "m", (1,), {"k": value}), ("o", "m", [1], {"k": value})),
        ):
            data = FORMS[form](bytes(joined(payload)))
            try:
                loaded: Any = load(data)
            except Exception as error:
                raise Breach(
                    "a codec reads bytes, bytearray and memoryview alike",
                    f"from {form}, {load.__name__} raised {type(error).__name__}: {error}",
                ) from error
            if load == codec.loads_call:
                loaded = (*loaded[:2], list(loaded[2]), loaded[3])
            if not same(loaded, wanted):
                raise Breach(
                    "a codec reads bytes, bytearray and memoryview alike",
                    f"from {form} it read {told(loaded)}",
                )
            self.lets_go_of(data, form)

    def test_a_payloads_size_is_that_of_its_bytes(self, codec: Codec) -> None:
        """Also of one in several buffers, and of a large one."""
        for value in (None, [1, "x"], "x" * 200_000, {"a": ["é" * 70_000, 1, "y" * 70_000]}):
            payload = codec.dumps(value)
            self.is_payload(payload, value)
            if size_of(payload) != len(bytes(joined(payload))):
                raise Breach(
                    "a payload's buffers are of single bytes, so that their lengths add up to its size",
                    f"for {reprlib.repr(value)} they say {size_of(payload)},"
                    f" and there are {len(bytes(joined(payload)))} bytes",
                    'make views of single bytes: view.cast("B")',
                )


NO_CALLS: tuple[Any, ...] = (
    *(None, 5, "text", [], {}),
    ["object", "method", []],
    ["object", "method", [], {}, 1],
    [1, "method", [], {}],
    [["object"], "method", [], {}],
    ["object", None, [], {}],
    ["object", "method", [], []],
    ["object", "method", [], 5],
    ["object", "method", [], {"__class__": "builtins.ValueError", "__exception__": True, "args": []}],
    {"object": "object", "method": "method", "params": []},
    {"object": "object", "method": 1, "params": [], "kwargs": {}},
    {"object": "object", "method": "method", "params": [], "kwargs": []},
)
