"""Connected sockets: a program and its forked child talk over a socket pair.

Prints:

    another process: True
    17 is a prime: True
    the child ended with status 0
"""

import os
import socket

from pyroplug.api import Daemon, Proxy, expose


@expose
class Calculator:
    def process(self) -> int:
        return os.getpid()

    def is_prime(self, number: int) -> bool:
        return number > 1 and all(number % divisor for divisor in range(2, number))


def child(sock: socket.socket) -> None:
    with sock, Daemon(connected_socket=sock) as daemon:
        daemon.register(Calculator(), "calculator")
        daemon.requestLoop()  # until the other end of the socket is closed


def main() -> None:
    ours, theirs = socket.socketpair()
    pid = os.fork()  # before any thread is there
    if not pid:
        ours.close()
        child(theirs)
        os._exit(0)

    theirs.close()
    with ours, Proxy("calculator", connected_socket=ours) as calculator:
        print(f"another process: {calculator.process() not in (os.getpid(), None)}")
        print(f"17 is a prime: {calculator.is_prime(17)}")
    _pid, status = os.waitpid(pid, 0)
    print(f"the child ended with status {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main()
