"""The client process of the demo: uses the stocks of one server, through one serializer after the other."""

from __future__ import annotations

from typing import Any

from pyroplug.api import Proxy, config
from pyroplug.plugins import default_plugins

from .channels import unpack
from .parent import Parent, described
from .stock import Stock
from .story import WrongAnswer, median_microseconds, play

__all__ = ["main"]


def main() -> None:
    """Play the story as often as the parent says, until the parent wants no more."""
    parent = Parent()
    try:
        default_plugins()
    except Exception as error:
        parent.tell(failed=described(error))
        return
    parent.tell(ready=True)
    place = parent.hear()
    channel = None if place["channel"] is None else unpack(place["channel"])
    while True:
        order = parent.hear()
        try:
            parent.tell(**_played(place["location"], channel, order))
        except WrongAnswer as error:
            parent.tell(failed=str(error))
        except Exception as error:
            parent.tell(failed=described(error))


def _played(location: str | None, channel: Any, order: dict[str, Any]) -> dict[str, Any]:
    settings = config.copy()
    settings.SERIALIZER = order["serializer"]
    settings.COMMTIMEOUT = order["patience"]
    uri = order["stock"] if location is None else f"PYRO:{order['stock']}@{location}"
    proxy = Proxy[Stock](uri, connected_socket=channel, config=settings)
    with proxy as stock:
        if channel is not None:
            _check_transport(proxy, order["transport"])
        answer = play(stock, order["patience"])
        return {"answer": answer, "microseconds": median_microseconds(stock.currency, order["calls"])}


def _check_transport(proxy: Proxy[Stock], transport: str) -> None:
    """Make sure of who has adopted the channel, as any transport may."""
    proxy._pyroBind()
    line = proxy._pyroChannel.line
    if line is not None and line.connection.peer.transport != transport:
        adopter = line.connection.peer.transport
        raise WrongAnswer(f"the connection was adopted by another transport, {adopter!r}")
