"""Several daemons in one loop: one of them serves the other ones' clients, too.

Prints:

    customers: 3 lamps
    staff: 3 lamps, each bought for 12
    one thread served both: True
"""

import tempfile
from pathlib import Path
from threading import Thread, current_thread

from pyroplug.api import Daemon, Proxy, config, expose

served_by: set[str] = set()


@expose
class Shelf:
    def count(self) -> str:
        served_by.add(current_thread().name)
        return "3 lamps"


@expose
class Books:
    def count(self) -> str:
        served_by.add(current_thread().name)
        return "3 lamps, each bought for 12"


def main() -> None:
    config.SERVERTYPE = "multiplex"
    with (
        tempfile.TemporaryDirectory() as folder,
        Daemon() as public,
        # What customers must not see is served on a Unix socket, which is the staff's alone.
        Daemon(unixsocket=str(Path(folder, "staff.sock"))) as private,
    ):
        shelf, books = public.register(Shelf()), private.register(Books())
        public.combine(private)
        Thread(target=public.requestLoop, name="the loop").start()
        with Proxy(shelf) as customer, Proxy(books) as staff:
            print("customers:", customer.count())
            print("staff:", staff.count())
    print("one thread served both:", served_by == {"the loop"})


if __name__ == "__main__":
    main()
