"""Time limits, and calls that are repeated when their connection breaks.

Prints:

    a slow answer: TimeoutError
    the next call connects anew: 21.5
    the line broke, and the call was repeated: 21.5
    not repeated, as it may have been carried out: ConnectionClosedError
    it was, in fact: 1 calibration
"""

from threading import Event, Thread

from pyroplug.api import Daemon, Proxy, current_context, expose, idempotent
from pyroplug.errors import ConnectionClosedError, TimeoutError


class Thermometer:
    def __init__(self) -> None:
        self.settled = Event()
        self.bad_line = False
        self.calibrations = 0

    @expose
    @idempotent  # to call it twice does what once does, so that it may be repeated
    def read(self) -> float:
        self._break_a_bad_line()
        return 21.5

    @expose
    def read_slowly(self) -> float:
        self.settled.wait(5)
        return 21.5

    @expose
    def calibrate(self) -> None:
        self.calibrations += 1
        self._break_a_bad_line()

    def _break_a_bad_line(self) -> None:
        if self.bad_line and current_context.client is not None:
            self.bad_line = False
            current_context.client.close()  # the answer will be lost


def main() -> None:
    with Daemon() as daemon:
        own = Thermometer()
        uri = daemon.register(own)
        Thread(target=daemon.requestLoop).start()
        with Proxy(uri) as thermometer:
            thermometer._pyroTimeout = 0.2  # seconds; config.COMMTIMEOUT is for all proxies
            try:
                thermometer.read_slowly()
            except TimeoutError:
                print("a slow answer: TimeoutError")
            own.settled.set()
            thermometer._pyroTimeout = 5
            print("the next call connects anew:", thermometer.read())

            thermometer._pyroMaxRetries = 2  # config.MAX_RETRIES is for all proxies, and 0 by default
            own.bad_line = True
            print("the line broke, and the call was repeated:", thermometer.read())

            own.bad_line = True
            try:
                thermometer.calibrate()
            except ConnectionClosedError:
                print("not repeated, as it may have been carried out: ConnectionClosedError")
            print(f"it was, in fact: {own.calibrations} calibration")


if __name__ == "__main__":
    main()
