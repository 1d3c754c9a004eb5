"""Handshake validators: only processes of certain users, by the word of the operating system's kernel.

Prints:

    this user: the door is open
    over TCP: refused
"""

import os
import tempfile
from pathlib import Path
from threading import Thread

from pyroplug.api import Daemon, Proxy, config, expose
from pyroplug.errors import HandshakeError


@expose
class Door:
    def state(self) -> str:
        return "the door is open"


def main() -> None:
    mine = config.copy()
    mine.HANDSHAKE_ALLOWED_USERS = (str(os.getuid()),)  # names will do as well

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "door.sock")
        # Two entrances, to show that nobody gets in by the one where the kernel has no word to say.
        listen = [f"./u:{path}", "127.0.0.1:0"]
        with Daemon(listen=listen, handshake=["peer-credentials"], config=mine) as daemon:
            daemon.register(Door(), "door")
            Thread(target=daemon.requestLoop).start()

            by_file, by_network = daemon.locations
            with Proxy(f"PYRO:door@{by_file}") as door:
                print(f"this user: {door.state()}")
            with Proxy(f"PYRO:door@{by_network}") as door:
                try:
                    door.state()
                except HandshakeError:
                    print("over TCP: refused")


if __name__ == "__main__":
    main()
