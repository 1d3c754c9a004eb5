"""Exceptions of registered classes: they travel as their converters say, also from within batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import Pyro5.api
import pytest

from pyroplug.api import (
    BatchProxy,
    expose,
    register_class_to_dict,
    register_dict_to_class,
    unregister_class_to_dict,
    unregister_dict_to_class,
)
from pyroplug.errors import PyroError
from tests.running import BOTH_MODELS, Running, Way
from tests.support import PATIENCE

NAME = "shop.OutOfStock"
EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)


class OutOfStockError(Exception):
    def __init__(self, left: int) -> None:
        super().__init__(f"{left} left")
        self.left = left


@expose
class Stock:
    def take(self, left: int) -> None:
        raise OutOfStockError(left)


def made(_name: str, data: dict[str, Any]) -> OutOfStockError:
    return OutOfStockError(data["left"])


@pytest.fixture
def registered(nothing_left_behind: None) -> Iterator[None]:
    register_class_to_dict(OutOfStockError, lambda error: {"__class__": NAME, "left": error.left})
    register_dict_to_class(NAME, made)
    Pyro5.api.register_dict_to_class(NAME, made)
    yield
    unregister_class_to_dict(OutOfStockError)
    unregister_dict_to_class(NAME)
    Pyro5.api.unregister_dict_to_class(NAME)


@EITHER
@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("serializer", ["serpent", "json", "msgpack", "marshal"])
def test_arrive_as_they_were_registered(
    run_daemon: Callable[..., Running], way: Way, serializer: str
) -> None:
    running = run_daemon(way, stock=Stock(), SERIALIZERS_ACCEPTED=(serializer,))
    ours = running.proxy("stock")
    with Pyro5.api.Proxy(str(running.daemon.uriFor("stock"))) as theirs:
        theirs._pyroTimeout = PATIENCE
        for stock in (ours, theirs):
            stock._pyroSerializer = serializer
            with pytest.raises(OutOfStockError, match="3 left") as caught:
                stock.take(3)
            assert caught.value.left == 3


@EITHER
@pytest.mark.usefixtures("registered")
def test_in_a_batch(run_daemon: Callable[..., Running], way: Way) -> None:
    batch = BatchProxy(run_daemon(way, stock=Stock()).proxy("stock"))
    batch.take(2)
    results = batch()
    assert results is not None
    with pytest.raises(OutOfStockError, match="2 left"):
        next(results)


def test_a_failing_converter_is_told(run_daemon: Callable[..., Running], registered: None) -> None:
    register_class_to_dict(OutOfStockError, lambda error: error.nothing)
    stock = run_daemon(stock=Stock()).proxy("stock")
    with pytest.raises(PyroError, match=r"cannot be sent.*OutOfStockError"):
        stock.take(1)


@EITHER
@pytest.mark.parametrize("send", [True, False])
def test_their_converters_find_the_traceback(
    run_daemon: Callable[..., Running], way: Way, send: bool
) -> None:
    found: list[list[str]] = []
    raised: list[OutOfStockError] = []

    def told(error: Any) -> dict[str, Any]:
        found.append(error._pyroTraceback)
        raised.append(error)
        return {"__class__": NAME, "left": error.left}

    register_class_to_dict(OutOfStockError, told)
    register_dict_to_class(NAME, made)
    try:
        stock = run_daemon(way, stock=Stock(), SEND_TRACEBACK=send).proxy("stock")
        with pytest.raises(OutOfStockError):
            stock.take(3)
    finally:
        unregister_class_to_dict(OutOfStockError)
        unregister_dict_to_class(NAME)
    assert ("in take" in "".join(found[-1])) is send
    assert not hasattr(raised[-1], "_pyroTraceback")  # it is not one that came from afar
