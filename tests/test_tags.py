"""Tags that say what an object is, as Pyro5 makes them."""

from __future__ import annotations

import Pyro5.api
import pytest

from pyroplug.api import type_meta


class Animal:
    pass


class Dog(Animal, dict):  # type: ignore[type-arg]
    pass


def test_every_class_but_the_built_in_ones_is_a_tag() -> None:
    assert type_meta(Dog) == {f"class:{__name__}.Dog", f"class:{__name__}.Animal"}
    assert type_meta(Animal(), "is a ") == {f"is a {__name__}.Animal"}


@pytest.mark.parametrize("thing", [Dog, Dog(), Animal, Animal(), 3, int, type, "text", Exception])
def test_the_tags_are_those_of_pyro5(thing: object) -> None:
    assert type_meta(thing) == Pyro5.api.type_meta(thing)
    if isinstance(thing, type):  # of an object Pyro5 makes tags with its own prefix, whatever it is told
        assert type_meta(thing, prefix="x") == Pyro5.api.type_meta(thing, prefix="x")
