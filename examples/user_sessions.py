"""User sessions: who has connected is known to every call, and each user works with what is theirs.

Prints:

    Ann: ['buy milk', 'call Bob']
    Bob: ['sleep']
    somebody who is unknown: HandshakeError
    each had a notebook of their own: True
"""

from threading import Thread
from typing import Any

from pyroplug.api import Daemon, Proxy, current_context, expose
from pyroplug.errors import HandshakeError

PASSWORDS = {"Ann": "pepper", "Bob": "salt"}  # see handshake_shared_secret.py for something better


class Desk(Daemon):
    def validateHandshake(self, conn: Any, data: Any) -> str:
        if not isinstance(data, dict) or PASSWORDS.get(str(data.get("user"))) != data.get("password"):
            raise ValueError("wrong user or password")
        # Not in the context, which every request has anew: on the connection, which is the user's.
        conn.instances[Notebook] = Notebook(data["user"])
        return "welcome"


@expose
class Notebook:
    """One for each connection; no two threads work with one, as a connection's calls come one by one."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._notes: list[str] = []

    def write(self, note: str) -> None:
        assert current_context.client is not None
        assert current_context.client.instances[Notebook] is self
        self._notes.append(note)

    @property
    def notes(self) -> list[str]:
        return self._notes

    @property
    def owner(self) -> str:
        return self._owner


def login(uri: Any, user: str, password: str) -> Any:
    notebook = Proxy[Any](uri)
    notebook._pyroHandshake = {"user": user, "password": password}
    return notebook


def main() -> None:
    with Desk() as daemon:
        uri = daemon.register(Notebook)  # the class: instances belong to connections
        Thread(target=daemon.requestLoop).start()
        with login(uri, "Ann", "pepper") as ann, login(uri, "Bob", "salt") as bob:
            ann.write("buy milk")
            bob.write("sleep")
            ann.write("call Bob")
            print("Ann:", ann.notes)
            print("Bob:", bob.notes)
            owners = [ann.owner, bob.owner]
        with login(uri, "Eve", "sugar") as eve:
            try:
                eve.write("who am I?")
            except HandshakeError:
                print("somebody who is unknown: HandshakeError")
        print("each had a notebook of their own:", owners == ["Ann", "Bob"])


if __name__ == "__main__":
    main()
