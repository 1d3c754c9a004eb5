"""Typed proxies: a type checker, and an editor, know the remote object's methods and properties.

Prints:

    it is 19.0 degrees, and should be 21.5
    now it should be 23.0
    a slip of the pen is found before it runs; without a type checker: AttributeError
"""

from threading import Thread

from pyroplug.api import Daemon, Proxy, expose


@expose
class Thermostat:
    def __init__(self) -> None:
        self._target = 21.5

    @property
    def target(self) -> float:
        return self._target

    @target.setter
    def target(self, degrees: float) -> None:
        self._target = degrees

    def read(self) -> float:
        return 19.0


def describe(thermostat: Thermostat) -> str:
    """Works with a thermostat, wherever that may be."""
    return f"it is {thermostat.read()} degrees, and should be {thermostat.target}"


def main() -> None:
    with Daemon() as daemon:
        uri = daemon.register(Thermostat())
        Thread(target=daemon.requestLoop).start()
        with Proxy[Thermostat](uri) as thermostat:
            print(describe(thermostat))
            thermostat.target = 23.0  # set there, and not here
            print(f"now it should be {thermostat.target}")
            try:
                thermostat.raed()  # type: ignore[attr-defined]
            except AttributeError:
                print("a slip of the pen is found before it runs; without a type checker: AttributeError")


if __name__ == "__main__":
    main()
