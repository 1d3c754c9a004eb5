"""Callbacks: the client has a daemon of its own, and the server calls an object of the client's.

Prints:

    Ann hears: 50 for the vase
    Ann hears: 60 for the vase
    Ann's own log: ValueError
    auctioneer: Ann did not take it well, ValueError: too much!
    Ann is still connected: 60
"""

import logging
from threading import Thread

from pyroplug.api import Daemon, Proxy, callback, expose


class Bidder:
    @expose
    @callback  # what it raises is of interest here as well, not only to the auctioneer
    def offered(self, item: str, price: int) -> None:
        if price > 60:
            raise ValueError("too much!")
        print(f"Ann hears: {price} for the {item}")


@expose
class Auction:
    def __init__(self) -> None:
        self._price = 40

    @property
    def price(self) -> int:
        return self._price

    def bid(self, bidder: Proxy[Bidder], more: int) -> None:
        price = self._price + more
        with bidder:  # it belongs to this call, and so does its connection
            try:
                bidder._pyroObject.offered("vase", price)
            except ValueError as error:
                print(f"auctioneer: Ann did not take it well, ValueError: {error}")
            else:
                self._price = price


class Reports(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[0]:
            print(f"Ann's own log: {record.exc_info[0].__name__}")


def main() -> None:
    reports = Reports(logging.WARNING)
    logging.getLogger("pyroplug").addHandler(reports)
    with Daemon() as server, Daemon() as client:
        uri = server.register(Auction())
        bidder = Bidder()
        client.register(bidder)
        for daemon in (server, client):
            Thread(target=daemon.requestLoop).start()

        with Proxy(uri) as auction:
            for _ in range(3):
                auction.bid(bidder, 10)  # a proxy for it arrives there
            print(f"Ann is still connected: {auction.price}")


if __name__ == "__main__":
    main()
