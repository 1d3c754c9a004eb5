"""Serialized blobs: a dispatcher passes orders on without reading them.

The order's class is registered where orders are made and where they are carried out. The dispatcher between
them needs nothing of this, and spends no time on the content, however large that is.

Prints:

    dispatcher: something for Lisbon
    Lisbon: 3 lamps for Ann
    the customer hears: shipped from Lisbon
"""

from dataclasses import asdict, dataclass
from threading import Thread
from typing import Any

from pyroplug.api import (
    URI,
    Daemon,
    Proxy,
    SerializedBlob,
    expose,
    register_class_to_dict,
    register_dict_to_class,
)


@dataclass
class Order:
    customer: str
    items: list[str]


@expose
class Branch:
    def __init__(self, city: str) -> None:
        self.city = city

    def ship(self, blob: SerializedBlob) -> str:
        order = blob.deserialized()  # only now it is read
        print(f"{self.city}: {len(order.items)} {order.items[0]}s for {order.customer}")
        return f"shipped from {self.city}"


@expose
class Dispatcher:
    def __init__(self, branches: dict[str, URI]) -> None:
        self._branches = branches

    def ship(self, blob: SerializedBlob) -> str:
        print(f"dispatcher: something for {blob.info}")
        with Proxy(self._branches[blob.info]) as branch:
            return str(branch.ship(blob))


def main() -> None:
    register_class_to_dict(Order, lambda order: {"__class__": "Order", **asdict(order)})
    register_dict_to_class("Order", lambda _name, data: Order(data["customer"], data["items"]))

    with Daemon() as branch_daemon, Daemon() as daemon:
        branches = {city: branch_daemon.register(Branch(city)) for city in ("Lisbon", "Oslo")}
        uri = daemon.register(Dispatcher(branches))
        for each in (branch_daemon, daemon):
            Thread(target=each.requestLoop).start()

        order: Any = Order("Ann", ["lamp"] * 3)
        with Proxy(uri) as dispatcher:
            # The first value is for everybody on the way, the second for the last one alone.
            print(f"the customer hears: {dispatcher.ship(SerializedBlob('Lisbon', order))}")


if __name__ == "__main__":
    main()
