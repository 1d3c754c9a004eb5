"""Handshake validators: only clients whose address is in a listed network.

Prints:

    127.0.0.0/8 may come in: 21.5 degrees
    192.168.1.0/24 only: refused, as 127.0.0.1 is not allowed
"""

from threading import Thread

from pyroplug.api import Daemon, Proxy, config, expose
from pyroplug.errors import HandshakeError


@expose
class Thermometer:
    def read(self) -> str:
        return "21.5 degrees"


def try_from_here(*networks: str) -> str:
    rules = config.copy()
    rules.HANDSHAKE_ALLOWED_NETWORKS = networks
    with Daemon("127.0.0.1", handshake=["allow-networks"], config=rules) as daemon:
        uri = daemon.register(Thermometer())
        Thread(target=daemon.requestLoop).start()
        with Proxy(uri) as thermometer:
            try:
                return str(thermometer.read())
            except HandshakeError:
                return "refused, as 127.0.0.1 is not allowed"


def main() -> None:
    print("127.0.0.0/8 may come in:", try_from_here("127.0.0.0/8"))
    print("192.168.1.0/24 only:", try_from_here("192.168.1.0/24"))


if __name__ == "__main__":
    main()
