"""Resource tracking: what a client had reserved is freed when its connection is gone, however that happens.

Prints:

    Ann reserves table 4 and table 5
    Bob reserves table 6, and cancels it
    table 6 was cancelled
    both are gone; now free again: table 5, table 4
"""

from queue import SimpleQueue
from threading import Thread

from pyroplug.api import Daemon, Proxy, config, current_context, expose

freed: SimpleQueue[str] = SimpleQueue()


class Reservation:
    def __init__(self, table: int) -> None:
        self.table = f"table {table}"

    def close(self) -> None:  # called once when the client's connection is lost
        freed.put(self.table)


@expose
class Restaurant:  # one instance for each client, unless @behavior says something else
    def __init__(self) -> None:
        self._reservations: dict[int, Reservation] = {}

    def reserve(self, table: int) -> None:
        self._reservations[table] = reservation = Reservation(table)
        current_context.track_resource(reservation)

    def cancel(self, table: int) -> None:
        reservation = self._reservations.pop(table)
        current_context.untrack_resource(reservation)
        print(f"{reservation.table} was cancelled")


def main() -> None:
    rules = config.copy()
    rules.RESOURCE_TRACKER = "ordered"  # the last one first; "weak" is the default, "limited" has a limit
    with Daemon(config=rules) as daemon:
        uri = daemon.register(Restaurant)
        Thread(target=daemon.requestLoop).start()

        with Proxy(uri) as ann, Proxy(uri) as bob:
            print("Ann reserves table 4 and table 5")
            ann.reserve(4)
            ann.reserve(5)
            print("Bob reserves table 6, and cancels it")
            bob.reserve(6)
            bob.cancel(6)

        # Nobody called anything to give the tables back: the connections ended, and that was enough.
        print(f"both are gone; now free again: {freed.get(timeout=5)}, {freed.get(timeout=5)}")


if __name__ == "__main__":
    main()
