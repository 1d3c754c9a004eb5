"""Serializers that are broken on purpose; ``SAYS`` has which test finds each, and what it must say."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest

from pyroplug.errors import SecurityError, SerializeError
from pyroplug.testing import SerializerSuite


class Sound:
    """A codec that breaks nothing: JSON, by the library alone."""

    def __init__(self, classes: Any) -> None:
        self.classes = classes

    def dumps(self, value: Any) -> Any:
        failed = None

        def stand_in(value: Any) -> Any:
            nonlocal failed
            try:
                return self.no_json(value)
            except Exception as error:
                failed = error
                raise

        try:
            return json.dumps(value, default=stand_in).encode()
        except Exception as error:
            if error is failed:
                raise
            raise SerializeError(f"cannot write it: {error!s:.200}") from error

    def no_json(self, value: Any) -> Any:
        return list(value) if isinstance(value, set) else self.classes.to_dict(value)

    def loads(self, data: Any) -> Any:
        try:
            value = json.loads(bytes(data))
        except Exception as error:
            raise SerializeError(f"this is no JSON: {error!s:.200}") from error
        return self.classes.recreate(value)

    def dumps_call(self, object_id: str, method: str, args: Any, kwargs: Any) -> Any:
        return self.dumps([object_id, method, args, kwargs])

    def loads_call(self, data: Any) -> Any:
        call = self.loads(data)
        if not isinstance(call, list) or len(call) != 4 or list(map(type, call[:2])) != [str, str]:
            raise SerializeError("this is no call")
        if not isinstance(call[3], dict | None):
            raise SerializeError("this is no call")
        return tuple(call)


class LosesEmptyLists(Sound):
    def dumps(self, value: Any) -> Any:
        return super().dumps(value).replace(b"[]", b"null")


class RefusesSets(Sound):
    def no_json(self, value: Any) -> Any:
        return self.classes.to_dict(value)


class TakesTrueForOne(Sound):
    def loads(self, data: Any) -> Any:
        value = super().loads(data)
        return int(value) if isinstance(value, bool) else value


class RoundsFloats(Sound):
    def loads(self, data: Any) -> Any:
        value = super().loads(data)
        return float(f"{value:.12g}") if isinstance(value, float) else value


class DropsKeywords(Sound):
    def dumps_call(self, object_id: str, method: str, args: Any, kwargs: Any) -> Any:
        return super().dumps_call(object_id, method, args, {})


class LetsErrorsOut(Sound):
    def loads(self, data: Any) -> Any:
        return self.classes.recreate(json.loads(bytes(data)))


class ReadsBytesOnly(Sound):
    def loads(self, data: Any) -> Any:
        if not isinstance(data, bytes):
            raise SerializeError("give me bytes")
        return super().loads(data)


class NotForThreads(Sound):
    def dumps(self, value: Any) -> Any:
        self.value = value
        for _ in range(3000):
            if self.value is not value:
                break
        return super().dumps(self.value)


class MakesAnyClass(Sound):
    def loads(self, data: Any) -> Any:
        try:
            return super().loads(data)
        except (SerializeError, SecurityError) as error:
            if "class" in str(error):
                return object()
            raise


class HidesWhatConvertersRaise(Sound):
    def dumps(self, value: Any) -> Any:
        try:
            return super().dumps(value)
        except Exception as error:
            raise SerializeError(str(error)) from error


class ChangesTheValue(Sound):
    def dumps(self, value: Any) -> Any:
        data = super().dumps(value)
        if isinstance(value, dict):
            value.pop("key", None)
            value["seen"] = True
        return data


class TakesAnyCall(Sound):
    def loads_call(self, data: Any) -> Any:
        call = self.loads(data)
        return tuple(call) if isinstance(call, list) and len(call) == 4 else ("", "", call, {})


class GivesText(Sound):
    def dumps(self, value: Any) -> Any:
        return super().dumps(value).decode()


class IsSlow(Sound):
    def loads(self, data: Any) -> Any:
        for _ in range(400 * len(data)):
            pass
        return super().loads(data)


class TakesMemory(Sound):
    def loads(self, data: Any) -> Any:
        room = bytearray(200 * len(data))
        del room
        return super().loads(data)


class RemembersClasses(Sound):
    every: Any = None

    def __init__(self, classes: Any) -> None:
        super().__init__(classes)
        RemembersClasses.every = self.classes = RemembersClasses.every or classes


class Serializer:
    """What makes them, with facts about itself."""

    name = "mutant"
    wire_id = 200
    carries: Any = frozenset()

    def __init__(self, codec: Any) -> None:
        self.made = codec

    def codec(self, _settings: Any, classes: Any) -> Any:
        return self.made(classes)


class TakesOurId(Serializer):
    wire_id = 3


class SaysTooMuch(Serializer):
    carries = frozenset({"bytes"})


class SaysTheUnknown(Serializer):
    carries = frozenset({"quaternion"})


class SaysTooLittle(Serializer):
    """JSON with tuples, of which nothing is said."""


class WithTuples(Sound):
    def dumps(self, value: Any) -> Any:
        return repr(value).encode()

    def loads(self, data: Any) -> Any:
        return ast.literal_eval(bytes(data).decode())


class Base(SerializerSuite):
    cls: type[Any] = Serializer
    codec_class: type[Any] = Sound

    @pytest.fixture
    def serializer(self) -> Any:
        return self.cls(self.codec_class)


class TestSound(Base):
    pass


class TestLosesEmptyLists(Base):
    codec_class = LosesEmptyLists


class TestRefusesSets(Base):
    codec_class = RefusesSets


class TestTakesTrueForOne(Base):
    codec_class = TakesTrueForOne


class TestRoundsFloats(Base):
    codec_class = RoundsFloats


class TestDropsKeywords(Base):
    codec_class = DropsKeywords


class TestLetsErrorsOut(Base):
    codec_class = LetsErrorsOut


class TestReadsBytesOnly(Base):
    codec_class = ReadsBytesOnly


class TestNotForThreads(Base):
    codec_class = NotForThreads


class TestMakesAnyClass(Base):
    codec_class = MakesAnyClass


class TestHidesWhatConvertersRaise(Base):
    codec_class = HidesWhatConvertersRaise


class TestChangesTheValue(Base):
    codec_class = ChangesTheValue


class TestTakesAnyCall(Base):
    codec_class = TakesAnyCall


class TestGivesText(Base):
    codec_class = GivesText


class TestIsSlow(Base):
    codec_class = IsSlow


class TestTakesMemory(Base):
    codec_class = TakesMemory


class TestRemembersClasses(Base):
    codec_class = RemembersClasses


class TestTakesOurId(Base):
    cls = TakesOurId


class TestSaysTooMuch(Base):
    cls = SaysTooMuch


class TestSaysTheUnknown(Base):
    cls = SaysTheUnknown


class TestSaysTooLittle(Base):
    cls = SaysTooLittle
    codec_class = WithTuples


SAYS = {
    "TestLosesEmptyLists": ("test_values_come_back", "[] came back as None"),
    "TestRefusesSets": (
        "test_what_a_daemon_tells_of_its_objects_comes_back",
        "daemons send them when proxies ask what an object has",
    ),
    "TestTakesTrueForOne": ("test_values_come_back", "True came back as 1 (int)"),
    "TestRoundsFloats": (
        "test_what_is_extreme_comes_back_or_is_refused",
        "a float of seventeen digits, 0.30000000000000004, became 0.3 (float)",
    ),
    "TestDropsKeywords": ("test_calls_come_back", "a call comes back as it was"),
    "TestLetsErrorsOut": (
        "test_arbitrary_bytes_raise_nothing_else",
        "translate what the format's library raises",
    ),
    "TestReadsBytesOnly": (
        "test_bytes_in_any_form_can_be_read",
        "a codec reads bytes, bytearray and memoryview alike",
    ),
    "TestNotForThreads": ("test_many_threads_share_a_codec", "many threads may use a codec at once"),
    "TestMakesAnyClass": ("test_unknown_classes_are_refused", "put through from_dict"),
    "TestHidesWhatConvertersRaise": (
        "test_what_converters_raise_passes",
        "what a registered converter raises passes through",
    ),
    "TestChangesTheValue": ("test_what_is_written_is_left_alone", "dumps does not change the value"),
    "TestTakesAnyCall": (
        "test_what_is_no_call_is_refused",
        "loads_call raises SerializeError for what is no call",
    ),
    "TestGivesText": (
        "test_values_come_back",
        "a payload is bytes, a bytearray, a memoryview, or a tuple of them",
    ),
    "TestIsSlow": ("test_one_byte_again_and_again[49]", "takes little time"),
    "TestTakesMemory": ("test_one_byte_again_and_again[49]", "takes little memory"),
    "TestRemembersClasses": ("test_codecs_know_their_own_classes_only", "classes in its own registry only"),
    "TestTakesOurId": ("test_its_wire_id_is_free_to_take", "wire_id is 3"),
    "TestSaysTooMuch": (
        "test_each_type_that_it_carries_comes_back",
        "of the type 'bytes' that carries names",
    ),
    "TestSaysTheUnknown": ("test_values_come_back", "carries names 'quaternion'"),
    "TestSaysTooLittle": (
        "test_no_type_comes_back_that_it_does_not_name",
        "'tuple', 'tuple keys' to carries, or see to it",
    ),
}
