"""Every type of value, as an argument and as a result, compared with what a pair of real Pyro5 makes of it.

What passes between Pyro5 and Pyro5 has to arrive just like that with pyroplug at either end. What fails
there may work with pyroplug.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from .harness import PAIRS, SERIALIZERS, Kind, Library, ServerProcess
from .values import VALUES, Point, point_from_dict, point_to_dict, shape

FAILS = "fails"

Table = dict[str, str]


def argument_table(library: Library, proxy: Any) -> Table:
    """What each value is when it has arrived at the server."""
    return {name: attempt(lambda name=name: proxy.shape(VALUES[name](library.api))) for name in VALUES}


def result_table(library: Library, proxy: Any) -> Table:
    """What each value is when it has come back from the server."""
    return {name: attempt(lambda name=name: shape(proxy.produce(name))) for name in VALUES}


def attempt(action: Callable[[], str]) -> str:
    try:
        return action()
    except Exception as error:
        return f"{FAILS}: {type(error).__name__}"


@pytest.fixture(scope="module")
def tables(farm: dict[Kind, ServerProcess], libraries: dict[str, Library]) -> Callable[..., Table]:
    """The table of a client, a server and a serializer, for arguments or results; each is made once."""

    @cache
    def table(client: str, server: str, serializer: str, make: Callable[..., Table]) -> Table:
        library = libraries[client]
        library.api.register_class_to_dict(Point, point_to_dict)
        library.api.register_dict_to_class("shared.Point", point_from_dict)
        try:
            with library.api.Proxy(farm[Kind(server)].uri("service")) as proxy:
                proxy._pyroSerializer = serializer
                return make(library, proxy)
        finally:
            library.api.unregister_class_to_dict(Point)
            library.api.unregister_dict_to_class("shared.Point")

    return table


@pytest.mark.parametrize("make", [argument_table, result_table])
@pytest.mark.parametrize("serializer", SERIALIZERS)
@pytest.mark.parametrize(("client", "server"), PAIRS, ids=str)
def test_what_arrives_is_what_arrives_with_pyro5(
    tables: Callable[..., Table], client: str, server: str, serializer: str, make: Callable[..., Table]
) -> None:
    real = tables("Pyro5", "Pyro5", serializer, make)
    ours = tables(client, server, serializer, make)
    different = {
        name: f"{real[name]} -> {ours[name]}"
        for name in VALUES
        if not real[name].startswith(FAILS) and ours[name] != real[name]
    }
    assert different == {}


@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_most_of_the_table_is_no_failure(tables: Callable[..., Table], serializer: str) -> None:
    real = tables("Pyro5", "Pyro5", serializer, argument_table)
    assert sum(not cell.startswith(FAILS) for cell in real.values()) > len(real) // 3
