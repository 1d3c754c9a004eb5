"""The wire protocol's version: what a server speaks, by its first six bytes, and what is spoken here.

In a shell it would be

    $ nc localhost 9999 </dev/zero | od -N 6 -t x1c
    $ python -c "import pyroplug.protocol as p; print(p.PROTOCOL_VERSION)"

Prints:

    50 59 52 4f 01 f6
    PYRO, version 502
    this program: version 502
"""

import socket
from threading import Thread

from pyroplug.api import Daemon
from pyroplug.protocol import PROTOCOL_VERSION


def main() -> None:
    with Daemon("127.0.0.1") as daemon:
        Thread(target=daemon.requestLoop).start()

        with socket.create_connection(daemon.sock.getsockname()) as sock:
            sock.sendall(bytes(40))  # it is told that this makes no sense, and by whom
            answer = sock.makefile("rb")
            first = answer.read(6)
            answer.close()

    print(first.hex(" "))
    print(f"{first[:4].decode()}, version {int.from_bytes(first[4:], 'big')}")
    print(f"this program: version {PROTOCOL_VERSION}")


if __name__ == "__main__":
    main()
