"""The laws of objects and exceptions, which a codec has to leave to the class registry."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from pyroplug.contracts import Codec, Serializer, Settings, joined
from pyroplug.errors import RemoteError, SecurityError, SerializeError
from pyroplug.values import ClassRegistry, ExceptionWrapper

from .serializer_support import SerializerSupport, shown, told
from .suite import Breach

__all__ = ["ObjectLaws"]


class Thing:
    """Of a class that gets registered."""

    def __init__(self, content: Any = None) -> None:
        self.content = content


class Unknown(Exception):
    """Of a class that nobody knows at the other side."""


class _Plain:
    """Of a class that is not registered."""

    def __init__(self) -> None:
        self.x = 1


class _Served:
    """Registered in a daemon."""


class _StandIn:
    """What a daemon gives for it."""


def learn_things(classes: ClassRegistry) -> ClassRegistry:
    """Have a registry know the class Thing."""
    classes.register_class_to_dict(Thing, lambda thing: {"__class__": "thing", "content": thing.content})
    classes.register_dict_to_class("thing", lambda _, data: Thing(data["content"]))
    return classes


def _written(codec: Codec, value: Any) -> bytes:
    return bytes(joined(codec.dumps(value)))


def _uses(codec: Codec, value: Any) -> dict[str, Callable[[], Any]]:
    """The ways to write a value."""
    return {
        "dumps": lambda: codec.dumps(value),
        "dumps of a list": lambda: codec.dumps([value]),
        "dumps_call": lambda: codec.dumps_call("o", "m", (value,), {}),
        "dumps_call with it in a list": lambda: codec.dumps_call("o", "m", ([value],), {}),
        "dumps_call with a keyword": lambda: codec.dumps_call("o", "m", (), {"k": value}),
    }


class ObjectLaws(SerializerSupport):
    """Objects and exceptions."""

    def test_registered_classes_arrive(self, codec: Codec, classes: ClassRegistry) -> None:
        """In results, and in arguments of both kinds, on whatever level."""
        learn_things(classes)
        law = "an object of a registered class becomes one again: codecs ask to_dict and from_dict"
        loaded = codec.loads(_written(codec, {"x": [Thing(5)]}))
        _is_thing(law, "as part of a result", lambda: loaded["x"][0], 5)
        call = joined(codec.dumps_call("o", "m", (Thing(6), [Thing(7)]), {"k": Thing(8)}))
        _, _, args, kwargs = codec.loads_call(call)
        _is_thing(law, "as an argument", lambda: args[0], 6)
        _is_thing(law, "as part of an argument", lambda: args[1][0], 7)
        _is_thing(law, "as a keyword argument", lambda: (kwargs or {})["k"], 8)
        _is_thing(law, "by itself", lambda: codec.loads(_written(codec, Thing(9))), 9)

    def test_objects_deep_in_a_value_arrive(self, codec: Codec, classes: ClassRegistry) -> None:
        """What walks over a value gets as deep as what reads it."""
        learn_things(classes)
        value: Any = Thing(5)
        for _ in range(90):
            value = [value]
        loaded = codec.loads(_written(codec, value))
        while isinstance(loaded, list):
            (loaded,) = loaded
        _is_thing("an object 90 lists deep arrives", "there", lambda: loaded, 5)

    def test_codecs_know_their_own_classes_only(self, serializer: Serializer, settings: Settings) -> None:
        """A serializer makes many codecs, and what one of them may make is not for another."""
        knowing = serializer.codec(settings, learn_things(ClassRegistry()))
        data = _written(knowing, Thing(5))
        ignorant = serializer.codec(settings, ClassRegistry())
        knowing.loads(data)
        try:
            loaded = ignorant.loads(data)
        except SerializeError:
            return
        raise Breach(
            "a codec makes objects of the classes in its own registry only",
            f"a class that another codec's registry knows was made into {told(loaded)}",
        )

    def test_what_converters_raise_passes(self, serializer: Serializer, settings: Settings) -> None:
        """It is the program's own error, and the program has to see it."""
        raised: Exception = ValueError("text")

        def fail(*_: Any) -> Any:
            raise raised

        failing = ClassRegistry()
        failing.register_class_to_dict(Thing, fail)
        failing.register_dict_to_class("thing", fail)
        codec = serializer.codec(settings, failing)
        knowing = serializer.codec(settings, learn_things(ClassRegistry()))
        data, call = _written(knowing, [Thing()]), joined(knowing.dumps_call("o", "m", (Thing(),), {}))
        uses: dict[str, Callable[[], Any]] = {
            **_uses(codec, Thing()),
            "loads": lambda: codec.loads(data),
            "loads_call": lambda: codec.loads_call(call),
        }
        for raised in (ValueError("text"), TypeError("text"), Unknown("text"), SerializeError("text")):
            for what, use in uses.items():
                try:
                    use()
                except Exception as error:
                    found = f"{type(error).__name__}: {error}"
                    if error is raised:
                        continue
                else:
                    found = "nothing"
                raise Breach(
                    "what a registered converter raises passes through the codec as it is",
                    f"with a converter that raises {raised!r}, {what} raised {found}",
                )

    def test_a_converter_may_use_the_codec(self, codec: Codec, classes: ClassRegistry) -> None:
        """The codec is in the middle of writing then."""
        classes.register_class_to_dict(Thing, lambda _: {"inner": codec.loads(_written(codec, [1, 2]))})
        loaded = codec.loads(_written(codec, [Thing(), Thing()]))
        if loaded != [{"inner": [1, 2]}] * 2:
            raise Breach("a converter may use the codec that calls it", f"two objects became {told(loaded)}")

    def test_unknown_classes_are_refused(self, codec: Codec) -> None:
        """Nothing is made of what a stranger names."""
        for value in ({"__class__": "no.such.Thing"}, [{"__class__": "no.such.Thing", "x": 1}], _Plain()):
            data = _written(codec, value)
            self._is_refused(codec, data, value, SerializeError)
        self._is_refused(
            codec, _written(codec, {"__class__": "__main__.Thing"}), "a class of __main__", SecurityError
        )

    def _is_refused(self, codec: Codec, data: bytes, value: Any, kind: type[Exception]) -> None:
        try:
            loaded = codec.loads(data)
        except (SerializeError, SecurityError) as error:
            if isinstance(error, kind):
                return
            found = f"raised {type(error).__name__}: {error}"
        else:
            found = f"gave {told(loaded)}"
        raise Breach(
            "a dictionary with a __class__ entry is put through from_dict, and what that raises passes:"
            f" {kind.__name__} here",
            f"for {shown(value)}, loads {found}",
        )

    def test_what_cannot_be_written_raises_serialize_error(self, codec: Codec) -> None:
        """And nothing else, wherever it stands."""
        for value in (object(), range(3), len, int, threading.Lock(), iter([1]), (one for one in "x")):
            for what, use in _uses(codec, value).items():
                try:
                    use()
                except SerializeError:
                    continue
                except Exception as error:
                    raise Breach(
                        "dumps and dumps_call raise SerializeError for what they cannot write",
                        f"for {shown(value)}, {what} raised {type(error).__name__}: {error}",
                        "ask to_dict for what the format has no way to write, and translate what the library"
                        " raises",
                    ) from error
                raise Breach(
                    "dumps and dumps_call raise SerializeError for what they cannot write",
                    f"for {shown(value)}, {what} raised nothing",
                )

    def test_an_object_of_a_daemon_becomes_what_stands_for_it(
        self, codec: Codec, classes: ClassRegistry
    ) -> None:
        """Automatic proxies are made by the registry; a codec has to ask it."""
        served, stand_in = _Served(), _StandIn()

        class Daemon:
            def proxyFor(self, _obj: Any) -> Any:  # noqa: N802  # the name that daemons have it under
                return stand_in

        served.__dict__["_pyroDaemon"] = Daemon()
        classes.register_wire_class(
            _StandIn, "Pyro5.client.Proxy", lambda _: ["state"], lambda state: state[0]
        )
        call = joined(codec.dumps_call("o", "m", (served, [served]), {"k": served}))
        _, _, args, kwargs = codec.loads_call(call)
        for what, loaded, wanted in (
            ("by itself", codec.loads(_written(codec, served)), "state"),
            ("in a result", codec.loads(_written(codec, {"x": [served]})), {"x": ["state"]}),
            ("in a call", [list(args), kwargs], [["state", ["state"]], {"k": "state"}]),
        ):
            if loaded != wanted:
                raise Breach(
                    "an object that a daemon serves becomes a proxy", f"{what} it became {told(loaded)}"
                )

    # Exceptions

    def test_exceptions_arrive(self, codec: Codec) -> None:
        """Those that everybody knows as they are, with their arguments and attributes."""
        error = ValueError("text", 1)
        error.code, error._pyroTraceback = 5, ["line\n"]  # type: ignore[attr-defined]
        forms = {
            "by itself": error,
            "in a list": [error],
            "in the results of a batch": ExceptionWrapper(error),
        }
        for where, value in forms.items():
            loaded = codec.loads(_written(codec, value))
            loaded = loaded[0] if isinstance(loaded, list) else getattr(loaded, "exception", loaded)
            facts = vars(loaded) if isinstance(loaded, BaseException) else {}
            if type(loaded) is not ValueError or (loaded.args, facts) != (error.args, vars(error)):
                raise Breach(
                    "an exception arrives with its class, arguments and attributes",
                    f"{error!r} with {vars(error)}, {where}, became {told(loaded)} with {facts}",
                )

    def test_exceptions_of_unknown_classes_arrive(self, codec: Codec) -> None:
        """As a RemoteError, which says what they were."""
        error = Unknown("text", Thing(5))
        error.code, error._pyroTraceback = Thing(6), ["line\n"]  # type: ignore[attr-defined]
        loaded = codec.loads(_written(codec, [error]))[0]
        if type(loaded) is not RemoteError or not loaded.type_name.endswith(".Unknown"):
            raise Breach(
                "an exception of an unknown class arrives as a RemoteError", f"it became {told(loaded)}"
            )
        if loaded.remote_args[0] != "text" or not _has_content(loaded.remote_args[1], 5):
            raise Breach(
                "a RemoteError has the arguments of the exception", f"it has {shown(loaded.remote_args)}"
            )
        facts = vars(loaded)
        if not _has_content(facts.get("code"), 6) or facts.get("_pyroTraceback") != ["line\n"]:
            raise Breach("a RemoteError has the attributes of the exception", f"it has {shown(facts)}")

    @pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()], ids=repr)
    def test_nothing_arrives_that_ends_the_process(self, codec: Codec, error: BaseException) -> None:
        """A stranger could send it."""
        loaded = codec.loads(_written(codec, error))
        if type(loaded) is not RemoteError:
            raise Breach(
                "an exception that would end the receiver's process arrives as a RemoteError",
                f"{error!r} became {told(loaded)}",
                "leave exceptions to to_dict and from_dict, which see to that",
            )


def _has_content(found: Any, content: Any) -> bool:
    return isinstance(found, dict) and found.get("content") == content


def _is_thing(law: str, where: str, find: Callable[[], Any], content: Any) -> None:
    try:
        thing = find()
    except Exception as error:
        raise Breach(law, f"{where} it was not there: {type(error).__name__}: {error}") from error
    if type(thing) is not Thing or thing.content != content:
        raise Breach(law, f"{where} it became {told(thing)}")
