"""The handshake: a daemon that looks at who connects, and a proxy that looks at what it says to that.

Nothing here is secret, and anybody on the way could read it: see handshake_shared_secret.py for that.

Prints:

    Ann: your balance is 100
    a stranger: refused, who are you?
    Bob: does not want a bank without a licence
"""

from threading import Thread
from typing import Any

from pyroplug.api import Daemon, Proxy, expose
from pyroplug.errors import CommunicationError, SecurityError


class Bank(Daemon):
    def validateHandshake(self, conn: Any, data: Any) -> Any:
        if not isinstance(data, dict) or "name" not in data:
            raise SecurityError("who are you?")  # the client is told why
        return {"licence": None}  # anything that the serializer can carry


class CarefulProxy(Proxy[Any]):
    def _pyroValidateHandshake(self, response: Any) -> None:
        if not response["licence"]:
            raise SecurityError("a bank without a licence")


@expose
class Account:
    def balance(self) -> int:
        return 100


def main() -> None:
    with Bank() as daemon:
        uri = daemon.register(Account())
        Thread(target=daemon.requestLoop).start()

        with Proxy(uri) as account:
            account._pyroHandshake = {"name": "Ann"}
            print(f"Ann: your balance is {account.balance()}")

        with Proxy(uri) as account:
            try:
                account.balance()
            except CommunicationError as error:
                print("a stranger: refused,", str(error).splitlines()[0].rpartition(": ")[2])

        with CarefulProxy(uri) as account:
            account._pyroHandshake = {"name": "Bob"}
            try:
                account.balance()
            except SecurityError as error:
                print(f"Bob: does not want {error}")


if __name__ == "__main__":
    main()
