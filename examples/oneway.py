"""One-way calls: the caller goes on at once, gets no result, and hears of no error.

Prints:

    the newspaper is in print
    the reader has: None
    printed: Monday's news
    any method can be called so, by the client's own choice: None
    printed: Tuesday's news
"""

from threading import Event, Thread

from pyroplug.api import Daemon, Proxy, expose, oneway


@expose
class Press:
    def __init__(self) -> None:
        self.may_print = Event()
        self.printed = Event()

    @oneway
    def print_issue(self, title: str) -> str:
        self.print_slowly(title)
        return "nobody will ever see this"

    def print_slowly(self, title: str) -> None:
        self.may_print.wait(5)
        print("printed:", title)
        self.printed.set()


def main() -> None:
    with Daemon() as daemon:
        press = Press()
        uri = daemon.register(press)
        Thread(target=daemon.requestLoop).start()
        with Proxy(uri) as proxy:
            result = proxy.print_issue("Monday's news")
            print("the newspaper is in print")
            print(f"the reader has: {result}")
            press.may_print.set()
            press.printed.wait(5)

            press.may_print.clear()
            press.printed.clear()
            proxy._pyroOneway.add("print_slowly")
            result = proxy.print_slowly("Tuesday's news")
            print(f"any method can be called so, by the client's own choice: {result}")
            press.may_print.set()
            press.printed.wait(5)


if __name__ == "__main__":
    main()
