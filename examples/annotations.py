"""Annotations: bytes that travel beside a call and beside its answer, past the serializer.

Prints:

    71.6 with UNIT=F, NODE=station 7
    ValueError: no such unit, with HELP=C or F, NODE=station 7
    refused before anything was sent: ProtocolError
"""

from threading import Thread

from pyroplug.api import Daemon, Proxy, current_context, expose
from pyroplug.errors import ProtocolError


class Station(Daemon):
    def annotations(self) -> dict[str, bytes]:
        return {"NODE": b"station 7"}  # comes with every answer of this daemon


@expose
class Thermometer:
    def read(self) -> float:
        unit = bytes(current_context.annotations.get("UNIT", b"C"))
        if unit not in (b"C", b"F"):
            current_context.response_annotations = {"HELP": b"C or F"}
            raise ValueError("no such unit")
        current_context.response_annotations = {"UNIT": unit}
        return 22.0 if unit == b"C" else 71.6


def received() -> str:
    """What came beside the last answer."""
    annotations = current_context.response_annotations
    return ", ".join(f"{key}={bytes(value).decode()}" for key, value in annotations.items())


def main() -> None:
    with Station("127.0.0.1") as daemon:
        uri = daemon.register(Thermometer())
        Thread(target=daemon.requestLoop).start()
        with Proxy(uri) as thermometer:
            current_context.annotations = {"UNIT": b"F"}
            print(f"{thermometer.read()} with {received()}")

            current_context.annotations = {"UNIT": b"K"}
            try:
                thermometer.read()
            except ValueError as error:
                print(f"ValueError: {error}, with {received()}")

            current_context.annotations = {"an id has four letters": b""}
            try:
                thermometer.read()
            except ProtocolError:
                print("refused before anything was sent: ProtocolError")
            current_context.annotations = {}  # they would go out with every later call


if __name__ == "__main__":
    main()
