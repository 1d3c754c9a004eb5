"""Weak registration: an object is served for as long as the program itself needs it.

Prints:

    the concert has 2 seats
    the concert is over: DaemonError
"""

from threading import Thread

from pyroplug.api import Daemon, Proxy, expose
from pyroplug.errors import DaemonError


@expose
class Concert:
    def seats(self) -> int:
        return 2


def main() -> None:
    with Daemon() as daemon:
        concert = Concert()
        uri = daemon.register(concert, weak=True)
        Thread(target=daemon.requestLoop).start()
        with Proxy(uri) as proxy:
            print(f"the concert has {proxy.seats()} seats")
            del concert  # nobody has to think of unregistering it
            try:
                proxy.seats()
            except DaemonError:
                print("the concert is over: DaemonError")


if __name__ == "__main__":
    main()
