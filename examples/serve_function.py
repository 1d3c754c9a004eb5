"""Serving in one call: objects, or classes, and their names.

Prints:

    Object <class '__main__.Clock'>:
        uri = PYRO:clock@localhost:…
    Pyro daemon running.
    it is 12:00
"""

from threading import Thread

from pyroplug.api import Daemon, Proxy, expose, serve


@expose
class Clock:
    _pyroDaemon: Daemon  # set when a clock is registered

    def time(self) -> str:
        return "12:00"

    def stop(self) -> None:
        self._pyroDaemon.shutdown()


def ask(uri: str) -> None:
    with Proxy(uri) as clock:
        print(f"it is {clock.time()}")
        clock.stop()


def main() -> None:
    daemon = Daemon("localhost")  # serve() makes one if it is given none, and closes it in the end
    client = Thread(target=ask, args=(f"PYRO:clock@{daemon.locationStr}",))
    client.start()
    serve({Clock: "clock"}, daemon=daemon, use_ns=False)
    client.join()


if __name__ == "__main__":
    main()
