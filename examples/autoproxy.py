"""Autoproxy: a registered object that a method returns arrives as a proxy for it.

Prints:

    the account is a Proxy
    Ann has 70
    the bank knows of 70
    closed: DaemonError
"""

from threading import Thread

from pyroplug.api import Daemon, Proxy, expose
from pyroplug.errors import DaemonError


@expose
class Account:
    def __init__(self) -> None:
        self._balance = 0

    @property
    def balance(self) -> int:
        return self._balance

    def deposit(self, amount: int) -> None:
        self._balance += amount


@expose
class Bank:
    _pyroDaemon: Daemon  # set when a bank is registered

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}

    def account(self, name: str) -> Account:
        if name not in self._accounts:
            self._accounts[name] = account = Account()
            self._pyroDaemon.register(account)
        return self._accounts[name]

    def total(self) -> int:
        return sum(account.balance for account in self._accounts.values())

    def close(self, name: str) -> None:
        self._pyroDaemon.unregister(self._accounts.pop(name))  # they do not go away by themselves


def main() -> None:
    with Daemon() as daemon:
        uri = daemon.register(Bank())
        Thread(target=daemon.requestLoop).start()
        with Proxy(uri) as bank, bank.account("Ann") as account:
            print(f"the account is a {type(account).__name__}")
            account.deposit(100)
            account.deposit(-30)
            print(f"Ann has {account.balance}")
            print(f"the bank knows of {bank.total()}")
            bank.close("Ann")
            try:
                account.deposit(1)
            except DaemonError:
                print("closed: DaemonError")


if __name__ == "__main__":
    main()
