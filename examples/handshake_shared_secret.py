"""Handshake validators: both sides prove that they know a secret, and never send it.

Prints:

    with the secret: 3 lamps
    with another one: refused
    without: refused
"""

import secrets
from threading import Thread

from pyroplug.api import Daemon, Proxy, config, expose
from pyroplug.errors import HandshakeError


@expose
class Stock:
    def count(self, item: str) -> str:
        return f"3 {item}s"


def main() -> None:
    secret = secrets.token_urlsafe(32)  # both sides usually get it as PYRO_HANDSHAKE_SECRET

    for_server = config.copy()
    for_server.HANDSHAKE_SECRET = secret
    with Daemon(handshake=["shared-secret"], config=for_server) as daemon:
        uri = daemon.register(Stock())
        Thread(target=daemon.requestLoop).start()

        right, wrong = config.copy(), config.copy()
        right.HANDSHAKE_SECRET = secret
        right.HANDSHAKE_PROOFS = ("shared-secret",)  # talk to nobody else who does not know it
        wrong.HANDSHAKE_SECRET = secrets.token_urlsafe(32)

        for what, settings in {
            "with the secret": right,
            "with another one": wrong,
            "without": config,
        }.items():
            with Proxy(uri, config=settings) as stock:
                try:
                    print(f"{what}: {stock.count('lamp')}")
                except HandshakeError:
                    print(f"{what}: refused")


if __name__ == "__main__":
    main()
