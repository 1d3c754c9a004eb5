"""A bank: a session for each customer, one ledger for all, exceptions of its own."""

import sys

import Pyro5.errors
from Pyro5.api import (
    Daemon,
    Proxy,
    behavior,
    expose,
    oneway,
    register_class_to_dict,
    register_dict_to_class,
)


class NotEnoughMoney(Exception):
    def __init__(self, owner, missing):
        super().__init__(f"{owner} lacks {missing}")
        self.owner, self.missing = owner, missing


def error_to_dict(error):
    return {"__class__": "bank.NotEnoughMoney", "owner": error.owner, "missing": error.missing}


register_class_to_dict(NotEnoughMoney, error_to_dict)
register_dict_to_class(
    "bank.NotEnoughMoney", lambda name, data: NotEnoughMoney(data["owner"], data["missing"])
)

accounts = {"ann": 100, "bob": 20}


@behavior(instance_mode="session")
class Counter:
    """What a customer stands at."""

    def __init__(self):
        self._customer = None
        self._done = []

    @expose
    def login(self, name):
        if name not in accounts:
            raise KeyError(name)
        self._customer = name
        return f"welcome, {name}"

    @expose
    @property
    def balance(self):
        return accounts[self._customer]

    @expose
    def withdraw(self, amount):
        if amount > self.balance:
            raise NotEnoughMoney(self._customer, amount - self.balance)
        accounts[self._customer] -= amount
        self._done.append(["withdraw", amount])
        return self.balance

    @expose
    def transfer(self, amount, *, to):
        self.withdraw(amount)
        accounts[to] += amount
        self._done.append(["transfer", amount, to])

    @expose
    def history(self):
        return self._done

    def vault(self):
        return "nobody may call this"


@expose
@behavior(instance_mode="single")
class Office:
    def __init__(self):
        self._visits = 0

    def visit(self):
        self._visits += 1
        return self._visits

    @oneway
    def close(self):
        print("the bank closes with", sorted(accounts.items()))
        self._pyroDaemon.shutdown()


def server():
    with Daemon() as daemon:
        print("ready", daemon.register(Counter, "counter"), daemon.register(Office, "office"), flush=True)
        daemon.requestLoop()
    print("the bank is closed")


def client(counter, office):
    with Proxy(counter) as ann, Proxy(counter) as bob:
        print(ann.login("ann"), bob.login("bob"))
        print(ann.withdraw(30), ann.balance, bob.balance)
        ann.transfer(25, to="bob")
        print(ann.balance, bob.balance)
        print(ann.history(), bob.history())
        try:
            bob.withdraw(1000)
        except NotEnoughMoney as error:
            print("refused:", error, error.owner, error.missing)
        try:
            bob.login("eve")
        except KeyError as error:
            print("unknown:", error.args)
            lines = "".join(Pyro5.errors.get_pyro_traceback(type(error), error, error.__traceback__))
            print("emote traceback" in lines, "in login" in lines)
        for attempt in ("vault", "_done", "nothing"):
            try:
                getattr(bob, attempt)
            except AttributeError:
                print("no", attempt)
        try:
            bob.balance = 1_000_000
        except AttributeError:
            print("the balance cannot be set")
        try:
            bob.withdraw()
        except TypeError as error:
            print("amount" in str(error))
        bob._pyroRelease()
        print("a new session:", bob.login("bob"), bob.history())
    try:
        Proxy(counter.replace("counter", "cellar")).login("ann")
    except Pyro5.errors.CommunicationError as error:
        print("no such counter:", "unknown object" in str(error))
    with Proxy(office) as office:
        print(office.visit(), office.visit())
        office._pyroRelease()
        print(office.visit())
        office.close()


globals()[sys.argv[1]](*sys.argv[2:])
