"""Event loops: a program that has a loop of its own serves its daemon there, beside other things.

Prints:

    someone knocks
    the door says: come in
    someone rings
    the door says: come in
"""

import selectors
import socket
from threading import Thread

from pyroplug.api import URI, Daemon, Proxy, expose


@expose
class Door:
    def open(self) -> str:
        return "come in"


def visit(uri: URI, bell: socket.socket) -> None:
    with Proxy(uri) as door:
        for way in (b"knocks", b"rings"):
            bell.sendall(way)
            bell.recv(1)  # somebody has noticed
            print("the door says:", door.open())
    bell.close()


def main() -> None:
    ours, theirs = socket.socketpair()
    with ours, Daemon() as daemon:
        uri = daemon.register(Door())
        visitor = Thread(target=visit, args=(uri, theirs))
        visitor.start()
        going = True
        while going:
            # Anew in each turn, as connections come and go.
            with selectors.DefaultSelector() as selector:
                for sock in (ours, *daemon.sockets):
                    selector.register(sock, selectors.EVENT_READ, sock)
                ready = [key.data for key, _events in selector.select(timeout=1)]
            if ours in ready:
                ready.remove(ours)
                way = ours.recv(100).decode()
                going = bool(way)
                if going:
                    print(f"someone {way}")
                    ours.sendall(b".")
            daemon.events(ready)  # without any, too: time passes for the daemon as well
        visitor.join()


if __name__ == "__main__":
    main()
