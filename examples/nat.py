"""Behind a router: URIs name the address that the router has outside, and not the daemon's own.

Prints:

    for everybody: PYRO:stock@shop.example.com:5555
    inside: PYRO:stock@localhost:…
    same port outside as inside: True
    an IPv6 address outside: PYRO:stock@[2001:db8::7]:5555
    seen from inside: 3 lamps
"""

from threading import Thread

from pyroplug.api import Daemon, Proxy, expose


@expose
class Stock:
    def count(self, item: str) -> str:
        return f"3 {item}s"


def main() -> None:
    # The router passes on what arrives at shop.example.com:5555.
    with Daemon("localhost", nathost="shop.example.com", natport=5555) as daemon:
        print("for everybody:", daemon.register(Stock(), "stock"))
        inside = daemon.uriFor("stock", nat=False)
        print("inside:", inside)

        # A router may leave port numbers as they are: natport=0.
        with Daemon("localhost", nathost="shop.example.com", natport=0) as same:
            ports = {same.uriFor("stock").port, same.uriFor("stock", nat=False).port}
            print("same port outside as inside:", len(ports) == 1)

        with Daemon("localhost", nathost="2001:db8::7", natport=5555) as version6:
            print("an IPv6 address outside:", version6.uriFor("stock"))

        Thread(target=daemon.requestLoop).start()
        with Proxy(inside) as stock:
            print("seen from inside:", stock.count("lamp"))


if __name__ == "__main__":
    main()
