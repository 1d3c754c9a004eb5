"""``SerializerBase`` does what Pyro5's does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import Pyro5.api
import pytest

from pyroplug.api import SerializerBase
from pyroplug.config import config
from pyroplug.errors import SecurityError, SerializeError
from pyroplug.plugins import Kind, default_plugins
from pyroplug.values import registry

BOTH = [SerializerBase, Pyro5.api.SerializerBase]


class Point:
    def __init__(self, x: int, y: int) -> None:
        self.x, self.y = x, y

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Point) and (self.x, self.y) == (other.x, other.y)

    __hash__ = None  # type: ignore[assignment]


@pytest.fixture(params=BOTH, ids=["ours", "theirs"])
def base(request: pytest.FixtureRequest) -> Iterator[Any]:
    cls = request.param
    yield cls
    cls.unregister_class_to_dict(Point)
    cls.unregister_dict_to_class("a point")


def test_a_class_that_is_registered_both_ways(base: Any) -> None:
    base.register_class_to_dict(Point, lambda it: {"__class__": "a point", "xy": [it.x, it.y]})
    base.register_dict_to_class("a point", lambda name, data: Point(*data["xy"]))
    data = base.class_to_dict(Point(3, 4))
    assert data == {"__class__": "a point", "xy": [3, 4]}
    assert base.dict_to_class(data) == Point(3, 4)
    assert base().recreate_classes(["a", data, {"b": data}]) == ["a", Point(3, 4), {"b": Point(3, 4)}]
    base.unregister_class_to_dict(Point)
    base.unregister_dict_to_class("a point")
    assert base.class_to_dict(Point(3, 4)) == {"__class__": f"{__name__}.Point", "x": 3, "y": 4}
    with pytest.raises(Exception, match="a point"):
        base.dict_to_class(data)


@pytest.mark.parametrize("value", [[], (), {}, set()])
def test_a_container_is_no_object(base: Any, value: Any) -> None:
    with pytest.raises(ValueError, match=type(value).__name__):
        base.class_to_dict(value)


def test_an_exception_and_back(base: Any) -> None:
    error = base.make_exception(KeyError, {"args": ["what"], "attributes": {"why": "so"}})
    assert (type(error), error.args, error.why) == (KeyError, ("what",), "so")
    data = base.class_to_dict(error)
    assert (data["__class__"], data["args"]) == ("builtins.KeyError", ("what",))
    again = base.dict_to_class(data)
    assert (type(again), again.args, again.why) == (KeyError, ("what",), "so")


def test_the_base_itself_is_no_format(base: Any) -> None:
    for name, args in {"dumps": 1, "loads": 1, "dumpsCall": 4, "loadsCall": 1}.items():
        with pytest.raises(NotImplementedError):
            getattr(base(), name)(*[b""] * args)
    assert base.serializer_id == 0


def test_what_cannot_be_made() -> None:
    with pytest.raises(SerializeError, match="known here"):
        SerializerBase.dict_to_class({"__class__": "no.such"})
    with pytest.raises(SecurityError):
        SerializerBase.dict_to_class({"__class__": "__main__.X"})
    with pytest.raises(SerializeError, match="cannot serialize"):
        SerializerBase.class_to_dict(object())


@pytest.mark.parametrize("name", ["serpent", "json", "marshal", "msgpack"])
def test_a_replacement_counts_for_every_serializer(name: str) -> None:
    codec = default_plugins().get(Kind.SERIALIZER, name).codec(config, registry)
    SerializerBase.register_type_replacement(Point, lambda it: [it.x, it.y])
    try:
        assert codec.loads(codec.dumps({"it": Point(3, 4)})) == {"it": [3, 4]}
    finally:
        SerializerBase.unregister_class_to_dict(Point)


@pytest.mark.parametrize("wrong", [3, type, "int"])
def test_only_objects_of_a_class_can_be_replaced(wrong: Any) -> None:
    with pytest.raises(ValueError, match="class"):
        SerializerBase.register_type_replacement(wrong, str)
