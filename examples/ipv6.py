"""IPv6: addresses have brackets in URIs, and nowhere else.

Prints:

    PYRO:clock@[::1]:…
    it is 12:00
    the preferred version comes first: True
"""

import socket
from threading import Thread

from pyroplug.api import Daemon, Proxy, config, expose
from pyroplug.errors import AddressError


@expose
class Clock:
    def time(self) -> str:
        return "12:00"


def main() -> None:
    try:
        daemon = Daemon("::1")
    except AddressError:
        print("Skipped: this machine has no IPv6.")
        return
    with daemon:
        uri = daemon.register(Clock(), "clock")
        print(uri)
        Thread(target=daemon.requestLoop).start()
        with Proxy(uri) as clock:
            print(f"it is {clock.time()}")

    # A host name may have addresses of both versions.
    version4 = config.copy()
    version4.PREFER_IP_VERSION = 4
    with Daemon("localhost", config=version4) as other:
        print("the preferred version comes first:", other.sock.family == socket.AF_INET)


if __name__ == "__main__":
    main()
