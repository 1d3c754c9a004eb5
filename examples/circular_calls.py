"""Circular calls: two that wait for each other do so for ever, unless they have a time limit or nobody waits.

Prints:

    purchasing asks sales, which asks purchasing: TimeoutError
    with a one-way call in the circle: asked
    sales hears of it afterwards: 4 pieces
"""

from queue import SimpleQueue
from threading import Thread

from pyroplug.api import URI, Daemon, Proxy, config, expose, oneway
from pyroplug.errors import TimeoutError

heard: SimpleQueue[str] = SimpleQueue()


@expose
class Purchasing:
    def __init__(self) -> None:
        self.sales: URI | None = None

    def order(self, item: str) -> str:
        with Proxy(self.sales or "") as sales:
            return str(sales.forecast(item))

    def order_without_waiting(self, item: str) -> str:
        with Proxy(self.sales or "") as sales:
            sales.forecast_later(item)
        return "asked"

    def stock(self, item: str) -> int:
        return len(item)


@expose
class Sales:
    def __init__(self, purchasing: URI) -> None:
        self._purchasing = purchasing

    def forecast(self, item: str) -> str:
        with Proxy(self._purchasing) as purchasing:
            return f"{purchasing.stock(item)} pieces"

    @oneway
    def forecast_later(self, item: str) -> None:
        with Proxy(self._purchasing) as purchasing:
            purchasing._pyroTimeout = 5
            heard.put(f"{purchasing.stock(item)} pieces")  # once it has time


def main() -> None:
    config.SERVERTYPE = "multiplex"  # one call at a time: the second one of purchasing waits for the first
    config.COMMTIMEOUT = 2.0  # seconds; 0 is for ever
    with Daemon() as first, Daemon() as second:
        purchasing = Purchasing()
        uri = first.register(purchasing)
        purchasing.sales = second.register(Sales(uri))
        for daemon in (first, second):
            Thread(target=daemon.requestLoop).start()

        with Proxy(uri) as proxy:
            try:
                proxy.order("lamp")
            except TimeoutError:
                print("purchasing asks sales, which asks purchasing: TimeoutError")
        with Proxy(uri) as proxy:
            proxy._pyroTimeout = 5
            print("with a one-way call in the circle:", proxy.order_without_waiting("lamp"))
            print("sales hears of it afterwards:", heard.get(timeout=5))


if __name__ == "__main__":
    main()
