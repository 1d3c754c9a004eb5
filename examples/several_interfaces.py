"""Several interfaces at once: one daemon listens on many addresses, and each client is told its own.

Prints:

    it listens on 127.0.0.1:…
    it listens on 127.0.0.1:…
    it listens on ./u:…/shop.sock
    everybody is told the address by which they came: True
    and they share the basket: apple, bread, cheese
"""

import tempfile
from pathlib import Path
from threading import Thread

from pyroplug.api import Daemon, Proxy, expose


@expose
class Basket:
    def __init__(self) -> None:
        self._items: list[str] = []

    def put(self, item: str) -> list[str]:
        self._items.append(item)
        return self._items


@expose
class Shop:
    def __init__(self, basket: Basket) -> None:
        self._basket = basket

    def basket(self) -> Basket:
        return self._basket  # a proxy for it, with an address that this very client can reach


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        # Two ports stand for two network cards here; "0.0.0.0:4711" would be all of them at once.
        listen = ["127.0.0.1:0", "127.0.0.1:0", f"./u:{Path(folder, 'shop.sock')}"]
        with Daemon(listen=listen) as daemon:
            basket = Basket()
            daemon.register(basket)
            daemon.register(Shop(basket), "shop")
            Thread(target=daemon.requestLoop).start()

            told = []
            contents: list[str] = []
            for location, item in zip(daemon.locations, ("apple", "bread", "cheese"), strict=True):
                print("it listens on", location)
                with Proxy(f"PYRO:shop@{location}") as shop, shop.basket() as mine:
                    contents = mine.put(item)
                    told.append(mine._pyroUri.location == location)
            print("everybody is told the address by which they came:", all(told))
            print("and they share the basket:", ", ".join(contents))


if __name__ == "__main__":
    main()
