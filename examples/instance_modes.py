"""Instance modes: whether clients share an object, have one each, or get a new one for every call.

Prints:

    session: Ann counts 1, 2, Bob counts 1, 2
    single: Ann counts 1, 2, Bob counts 3, 4
    percall: Ann counts 1, 1, Bob counts 1, 1
    made by a creator: Ann counts 101, 102, Bob counts 101, 102
"""

from threading import Thread

from pyroplug.api import Daemon, Proxy, behavior, expose


class Counter:
    def __init__(self, start: int = 0) -> None:
        self._count = start

    @expose
    def next(self) -> int:
        self._count += 1
        return self._count


@behavior(instance_mode="session")  # the default: one for each connection
class SessionCounter(Counter):
    pass


@behavior(instance_mode="single")
class SingleCounter(Counter):
    pass


@behavior(instance_mode="percall")
class CallCounter(Counter):
    pass


@behavior(instance_creator=lambda cls: cls(start=100))
class CreatedCounter(Counter):
    pass


def main() -> None:
    counters: dict[str, type[Counter]] = {
        "session": SessionCounter,
        "single": SingleCounter,
        "percall": CallCounter,
        "made by a creator": CreatedCounter,
    }
    with Daemon() as daemon:
        # Classes are registered here, and not objects.
        uris = {name: daemon.register(counter) for name, counter in counters.items()}
        Thread(target=daemon.requestLoop).start()
        for name, uri in uris.items():
            with Proxy(uri) as ann, Proxy(uri) as bob:
                print(f"{name}: Ann counts {ann.next()}, {ann.next()}, Bob counts {bob.next()}, {bob.next()}")


if __name__ == "__main__":
    main()
