"""Time limits, and calls that are repeated when their connection breaks.

Prints:

    a slow answer: TimeoutError
    the next call connects anew: 21.5
    the server is gone, and another one is there: 21.5
    without retries it would have been: ConnectionClosedError
"""

from threading import Event, Thread

from pyroplug.api import URI, Daemon, Proxy, expose, idempotent
from pyroplug.errors import ConnectionClosedError, TimeoutError


@expose
class Thermometer:
    def __init__(self) -> None:
        self.settled = Event()

    @idempotent  # to call it twice does what once does, so that it may be repeated
    def read(self) -> float:
        return 21.5

    def read_slowly(self) -> float:
        self.settled.wait(5)
        return 21.5


def start(port: int = 0) -> tuple[Daemon, URI, Thermometer]:
    daemon, thermometer = Daemon("127.0.0.1", port), Thermometer()
    uri = daemon.register(thermometer, "thermometer")
    Thread(target=daemon.requestLoop).start()
    return daemon, uri, thermometer


def main() -> None:
    daemon, uri, own = start()
    with Proxy(uri) as thermometer, Proxy(uri) as impatient:
        thermometer._pyroTimeout = 0.2  # seconds; config.COMMTIMEOUT is for all proxies
        try:
            thermometer.read_slowly()
        except TimeoutError:
            print("a slow answer: TimeoutError")
        own.settled.set()
        print("the next call connects anew:", thermometer.read())
        impatient.read()

        daemon.close()
        daemon, _uri, _own = start(uri.port or 0)
        thermometer._pyroMaxRetries = 2  # config.MAX_RETRIES is for all proxies, and 0 by default
        print("the server is gone, and another one is there:", thermometer.read())
        try:
            impatient.read()
        except ConnectionClosedError:
            print("without retries it would have been: ConnectionClosedError")
        daemon.close()


if __name__ == "__main__":
    main()
