"""The call context: who is calling, and which calls belong together.

Prints:

    shop: request 1 from 127.0.0.1, serializer 1, flags 64
    warehouse: takes a lamp for order 00000000-0000-0000-0000-0000000004d2
    customer: lamp sold, in order 1234
    outside of a request: no client
"""

from threading import Thread
from uuid import UUID

from pyroplug.api import URI, Daemon, Proxy, current_context, expose


@expose
class Warehouse:
    def take(self, item: str) -> None:
        print(f"warehouse: takes a {item} for order {current_context.correlation_id}")


@expose
class Shop:
    def __init__(self, warehouse: URI) -> None:
        self._warehouse = warehouse

    def buy(self, item: str) -> str:
        host, _port = current_context.client_sock_addr
        print(f"shop: request {current_context.seq} from {host}, ", end="")
        print(f"serializer {current_context.serializer_id}, flags {current_context.msg_flags}")
        with Proxy(self._warehouse) as warehouse:
            warehouse.take(item)  # the correlation id goes along by itself
        return f"{item} sold"


def main() -> None:
    with Daemon("127.0.0.1") as warehouse_daemon, Daemon("127.0.0.1") as shop_daemon:
        warehouse = warehouse_daemon.register(Warehouse())
        shop = shop_daemon.register(Shop(warehouse))
        for daemon in (warehouse_daemon, shop_daemon):
            Thread(target=daemon.requestLoop).start()

        current_context.correlation_id = UUID(int=1234)  # usually uuid.uuid4()
        with Proxy(shop) as proxy:
            print(f"customer: {proxy.buy('lamp')}, in order {current_context.correlation_id.int}")

    print("outside of a request:", "no client" if current_context.client is None else "a client")


if __name__ == "__main__":
    main()
