"""Remote iterators: a generator that runs on the server, and whose items the client takes one by one.

Prints:

    the first two: lamp, chair
    after the connection was made anew: table
    the rest: bed, shelf
    prices come from a property: 20, 45
    enough of the endless list: 0, 1, 2
    server: the endless list is closed
"""

from collections.abc import Iterator
from itertools import count, islice
from threading import Event, Thread

from pyroplug.api import Daemon, Proxy, expose

closed = Event()


@expose
class Catalogue:
    def items(self) -> Iterator[str]:
        yield from ("lamp", "chair", "table", "bed", "shelf")

    @property
    def prices(self) -> Iterator[int]:
        return iter([20, 45])

    def numbers(self) -> Iterator[int]:
        try:
            yield from count()
        finally:
            closed.set()  # whatever a generator holds is given back, too


def main() -> None:
    with Daemon() as daemon:
        uri = daemon.register(Catalogue())
        Thread(target=daemon.requestLoop).start()
        with Proxy(uri) as catalogue:
            items = catalogue.items()
            print(f"the first two: {next(items)}, {next(items)}")

            # The server keeps the rest for ITER_STREAM_LINGER seconds when a connection is lost.
            catalogue._pyroRelease()
            catalogue._pyroBind()
            print(f"after the connection was made anew: {next(items)}")
            print(f"the rest: {', '.join(items)}")

            print(f"prices come from a property: {', '.join(map(str, catalogue.prices))}")

            numbers = catalogue.numbers()
            print(f"enough of the endless list: {', '.join(map(str, islice(numbers, 3)))}")
            numbers.close()  # forgetting it does the same; the server hears of it with the next call
            catalogue._pyroBind()
            list(catalogue.prices)
        if closed.wait(5):
            print("server: the endless list is closed")


if __name__ == "__main__":
    main()
