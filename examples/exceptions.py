"""Exceptions: what a remote method raises is raised here, with the remote traceback.

Prints:

    KeyError: 'chair'
    the traceback leads to the server: True
    a class that is unknown here: RemoteError, originally __main__.OutOfStock
    a class that both sides know: OutOfStock, 0 left
    the connection lives on: 3
"""

from threading import Thread
from typing import Any

from pyroplug.api import Daemon, Proxy, expose, register_class_to_dict, register_dict_to_class
from pyroplug.errors import RemoteError, get_pyro_traceback


class OutOfStock(Exception):
    def __init__(self, left: int) -> None:
        super().__init__(f"{left} left")
        self.left = left


@expose
class Stock:
    def __init__(self) -> None:
        self._goods = {"lamp": 3}

    def count(self, item: str) -> int:
        return self._goods[item]

    def take(self, _item: str) -> None:
        raise OutOfStock(0)


def from_dict(_name: str, data: dict[str, Any]) -> OutOfStock:
    return OutOfStock(data["left"])


def main() -> None:
    with Daemon() as daemon:
        uri = daemon.register(Stock())
        Thread(target=daemon.requestLoop).start()
        with Proxy(uri) as stock:
            try:
                stock.count("chair")
            except KeyError as error:
                print(f"KeyError: {error}")
                text = "".join(get_pyro_traceback(type(error), error, error.__traceback__))
                print("the traceback leads to the server:", "return self._goods[item]" in text)

            try:
                stock.take("lamp")
            except RemoteError as error:
                print(f"a class that is unknown here: RemoteError, originally {error.type_name}")

            # This is usually done in a module that the server and the client both import.
            register_class_to_dict(OutOfStock, lambda it: {"__class__": "shop.OutOfStock", "left": it.left})
            register_dict_to_class("shop.OutOfStock", from_dict)
            try:
                stock.take("lamp")
            except OutOfStock as error:
                print(f"a class that both sides know: OutOfStock, {error.left} left")

            print("the connection lives on:", stock.count("lamp"))


if __name__ == "__main__":
    main()
