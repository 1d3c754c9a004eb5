"""A server process of the demo: one daemon, with one stock for each serializer."""

from __future__ import annotations

import os
from typing import Any

from pyroplug.api import Daemon, config

from .channels import unpack
from .parent import Parent, described
from .stock import Stock

__all__ = ["main", "stock_id"]

_SHUTDOWN_TIMEOUT = 1.0


def stock_id(number: int) -> str:
    """The object id of the stock for one of the serializers."""
    return f"stock{number}"


def main() -> None:
    """Serve as the parent's first order says, until the parent wants no more."""
    parent = Parent()
    order = parent.hear()
    try:
        daemon = _daemon(order)
    except Exception as error:
        parent.tell(failed=described(error))
        return
    with daemon:
        parent.stop = daemon.shutdown
        parent.tell(locations=daemon.locations)
        daemon.requestLoop()


def _daemon(order: dict[str, Any]) -> Daemon:
    settings = config.copy()
    settings.SERVERTYPE = order["server"]
    settings.SERIALIZERS_ACCEPTED = order["serializers"]
    settings.SERIALIZER = order["serializers"][0]
    settings.SHUTDOWN_TIMEOUT = _SHUTDOWN_TIMEOUT
    settings.COMMTIMEOUT = 0.0  # clients wait for each other
    if order["channel"] is not None:
        daemon = Daemon(connected_socket=unpack(order["channel"]), config=settings)
    else:
        daemon = Daemon(listen=[order["location"]], config=settings)
    for number, _ in enumerate(order["serializers"]):
        path = os.path.join(order["folder"], f"{stock_id(number)}.sqlite")
        daemon.register(Stock(path), stock_id(number))
    return daemon
