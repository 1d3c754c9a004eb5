"""Connected sockets: two threads talk over a socket pair, with no port for anybody else to find.

Prints:

    the worker counts 5 words
    the same sockets, another object: 29 letters
"""

import socket
from threading import Thread

from pyroplug.api import Daemon, Proxy, expose


@expose
class Words:
    def count(self, text: str) -> int:
        return len(text.split())


@expose
class Letters:
    def count(self, text: str) -> int:
        return len(text)


def serve(sock: socket.socket) -> None:
    with Daemon(connected_socket=sock) as daemon:
        daemon.register(Words(), "words")
        daemon.register(Letters(), "letters")
        daemon.requestLoop()  # it is over when the other side of the socket is closed


def main() -> None:
    ours, theirs = socket.socketpair()
    worker = Thread(target=serve, args=(theirs,))
    with theirs, ours:
        worker.start()
        text = "the quick brown fox is asleep"
        # The object's id takes the place of a URI, and the sockets stay open: who made them closes them.
        with Proxy("words", connected_socket=ours) as words:
            print(f"the worker counts {words.count('to be or not to')} words")
        with Proxy("letters", connected_socket=ours) as letters:
            print(f"the same sockets, another object: {letters.count(text)} letters")
        ours.shutdown(socket.SHUT_RDWR)
        worker.join()


if __name__ == "__main__":
    main()
