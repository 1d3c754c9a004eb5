"""Blobs, from a client through a dispatcher to their target, each of them of either library."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from .harness import LIBRARIES, SERIALIZERS, Kind, Library, ServerProcess

VALUE = [1, "zwei", {"drei": 3.5, "leer": None}]


@pytest.mark.parametrize("serializer", SERIALIZERS)
@pytest.mark.parametrize(
    ("client", "dispatcher", "target"), list(itertools.product(LIBRARIES, LIBRARIES, LIBRARIES))
)
def test_through_a_dispatcher(
    farm: dict[Kind, ServerProcess],
    libraries: dict[str, Library],
    client: str,
    dispatcher: str,
    target: str,
    serializer: str,
) -> None:
    if target == "Pyro5" and serializer == "json":
        pytest.skip("Pyro5 gives the text 'params' for every blob in JSON")
    api: Any = libraries[client].api
    info = [farm[Kind(target)].uri("dispatcher"), serializer]
    with api.Proxy(farm[Kind(dispatcher)].uri("dispatcher")) as proxy:
        proxy._pyroSerializer = serializer
        proxy._pyroTimeout = 30
        assert proxy.forward(api.SerializedBlob(info, VALUE)) == [info, VALUE]
        # Nothing of the blob goes along with other calls.
        proxy._pyroGetMetadata()
    if client == "Pyro5":
        api.current_context.annotations = {}  # where Pyro5 itself leaves something


def test_a_dispatcher_need_not_know_the_types(
    farm: dict[Kind, ServerProcess], libraries: dict[str, Library]
) -> None:
    """It gets bytes that it could not read, and they arrive."""
    api = libraries["pyroplug"].api

    class Coin:
        def __init__(self, cents: int) -> None:
            self.cents = cents

    api.register_class_to_dict(Coin, lambda coin: {"__class__": "mint.Coin", "cents": coin.cents})
    try:
        for dispatcher in LIBRARIES:
            info = [farm[Kind("pyroplug")].uri("dispatcher"), "msgpack"]
            with api.Proxy(farm[Kind(dispatcher)].uri("dispatcher")) as proxy:
                proxy._pyroSerializer = "msgpack"
                with pytest.raises(libraries["pyroplug"].errors.SerializeError, match=r"mint\.Coin"):
                    proxy.forward(api.SerializedBlob(info, [Coin(5)]))
    finally:
        api.unregister_class_to_dict(Coin)
