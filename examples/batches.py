"""Batches: many calls in one message, for when the way is long and the calls are short.

Prints:

    the account after each of them: 100, 70, 75
    it ends with the first one that fails: 65, then ValueError: not enough money
    what came after that was not done: 65
    nobody waits for a one-way batch: 68
"""

from threading import Event, Thread

from pyroplug.api import BatchProxy, Daemon, Proxy, expose


@expose
class Account:
    def __init__(self) -> None:
        self._balance = 0
        self.closed = Event()

    def balance(self) -> int:
        return self._balance

    def deposit(self, amount: int) -> int:
        self._balance += amount
        return self._balance

    def withdraw(self, amount: int) -> int:
        if amount > self._balance:
            raise ValueError("not enough money")
        return self.deposit(-amount)

    def close_books(self) -> None:
        self.closed.set()


def main() -> None:
    with Daemon() as daemon:
        own = Account()
        uri = daemon.register(own)
        Thread(target=daemon.requestLoop).start()
        with Proxy(uri) as account:
            batch = BatchProxy(account)
            batch.deposit(100)
            batch.withdraw(30)
            batch.deposit(5)
            print("the account after each of them:", ", ".join(map(str, batch() or ())))

            batch.withdraw(10)
            batch.withdraw(1000)
            batch.deposit(500)
            results = iter(batch() or ())
            first: int = next(results)
            try:
                next(results)
            except ValueError as error:
                print(f"it ends with the first one that fails: {first}, then ValueError: {error}")
            print("what came after that was not done:", account.balance())

            batch.deposit(3)
            batch.close_books()
            batch(oneway=True)
            own.closed.wait(5)
            print("nobody waits for a one-way batch:", account.balance())


if __name__ == "__main__":
    main()
