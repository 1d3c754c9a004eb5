"""Shutting down: from inside a call, from another thread, and by a signal.

Prints:

    from inside a call: good night
    from another thread: the call that was running says 21.5
    by a signal: the loop is over
    afterwards: nobody is there
"""

import os
import signal
from threading import Event, Thread

from pyroplug.api import URI, Daemon, Proxy, expose
from pyroplug.errors import CommunicationError


@expose
class Thermometer:
    _pyroDaemon: Daemon  # set when a thermometer is registered

    def __init__(self) -> None:
        self.started, self.settled = Event(), Event()

    def stop(self) -> str:
        self._pyroDaemon.shutdown()
        return "good night"  # it still arrives

    def read_slowly(self) -> float:
        self.started.set()
        self.settled.wait(5)
        return 21.5


def from_inside() -> URI:
    with Daemon() as daemon:
        uri = daemon.register(Thermometer())
        Thread(target=daemon.requestLoop).start()
        with Proxy(uri) as thermometer:
            print("from inside a call:", thermometer.stop())
    return uri


def from_another_thread() -> None:
    def read(uri: URI) -> None:
        with Proxy(uri) as proxy:
            print("from another thread: the call that was running says", proxy.read_slowly())

    with Daemon() as daemon:
        thermometer = Thermometer()
        uri = daemon.register(thermometer)
        Thread(target=daemon.requestLoop).start()
        client = Thread(target=read, args=(uri,))
        client.start()
        thermometer.started.wait(5)
        ending = Thread(target=daemon.shutdown)  # waits SHUTDOWN_TIMEOUT seconds for calls that are running
        ending.start()
        thermometer.settled.set()
        ending.join()
        client.join()


def by_a_signal() -> None:
    with Daemon() as daemon:
        daemon.register(Thermometer())
        before = signal.signal(signal.SIGTERM, lambda _number, _frame: daemon.shutdown())
        Thread(target=lambda: os.kill(os.getpid(), signal.SIGTERM)).start()  # as `kill` would
        daemon.requestLoop()
        signal.signal(signal.SIGTERM, before)
    print("by a signal: the loop is over")


def main() -> None:
    uri = from_inside()
    from_another_thread()
    by_a_signal()
    with Proxy(uri) as proxy:
        try:
            proxy.stop()
        except CommunicationError:
            print("afterwards: nobody is there")


if __name__ == "__main__":
    main()
