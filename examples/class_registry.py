"""Classes of one's own: both sides say how an object becomes a dictionary, and how it comes back.

Prints:

    not registered: refused
    registered: Parcel(to='Lisbon', weight=6.0)
    two in a list: 7.5
    basic types need nothing of this: 6.0
"""

from dataclasses import asdict, dataclass
from threading import Thread
from typing import Any

from pyroplug.api import Daemon, Proxy, expose, register_class_to_dict, register_dict_to_class
from pyroplug.errors import PyroError


@dataclass
class Parcel:
    to: str
    weight: float


@expose
class Post:
    def pack(self, parcel: Parcel) -> Parcel:
        return Parcel(parcel.to, parcel.weight + 1)

    def weigh(self, parcels: list[Parcel]) -> float:
        return sum(parcel.weight for parcel in parcels)

    def pack_weight(self, weight: float) -> float:
        return weight + 1


def register() -> None:
    """To be called by the server and by the client, usually in a module that both import."""

    def to_dict(parcel: Parcel) -> dict[str, Any]:
        return {"__class__": "post.Parcel", **asdict(parcel)}

    def from_dict(_name: str, data: dict[str, Any]) -> Parcel:
        return Parcel(str(data["to"]), float(data["weight"]))  # it comes from somebody else: be strict

    register_class_to_dict(Parcel, to_dict)
    register_dict_to_class("post.Parcel", from_dict)


def main() -> None:
    with Daemon() as daemon:
        uri = daemon.register(Post())
        Thread(target=daemon.requestLoop).start()
        with Proxy(uri) as post:
            try:
                post.pack(Parcel("Lisbon", 5))
            except PyroError:
                print("not registered: refused")

            register()
            print("registered:", post.pack(Parcel("Lisbon", 5)))
            print("two in a list:", post.weigh([Parcel("Lisbon", 5), Parcel("Oslo", 2.5)]))
            print("basic types need nothing of this:", post.pack_weight(5.0))


if __name__ == "__main__":
    main()
