"""Thread ownership: a proxy belongs to one thread; another one takes it over, or has a copy of its own.

Prints:

    another thread: PyroError
    after taking it over: 21.5
    with a copy for each thread: 21.5, 21.5, 21.5
    back in the first thread: 21.5
"""

import copy
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import Any

from pyroplug.api import Daemon, Proxy, expose
from pyroplug.errors import PyroError


@expose
class Thermometer:
    def read(self) -> float:
        return 21.5


def read(thermometer: Any) -> str:
    try:
        return str(thermometer.read())
    except PyroError as error:
        return type(error).__name__


def take_over_and_read(thermometer: Any) -> str:
    thermometer._pyroClaimOwnership()
    return read(thermometer)


def copy_and_read(thermometer: Any) -> str:
    with copy.copy(thermometer) as mine:  # the same object, a connection of its own
        return read(mine)


def main() -> None:
    with Daemon() as daemon, ThreadPoolExecutor(max_workers=3) as others:
        uri = daemon.register(Thermometer())
        Thread(target=daemon.requestLoop).start()
        with Proxy(uri) as thermometer:
            print("another thread:", others.submit(read, thermometer).result())
            print("after taking it over:", others.submit(take_over_and_read, thermometer).result())
            copies = others.map(copy_and_read, [thermometer] * 3)
            print("with a copy for each thread:", ", ".join(copies))
            print("back in the first thread:", take_over_and_read(thermometer))


if __name__ == "__main__":
    main()
