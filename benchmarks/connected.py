"""Contestants with their servers, connected for as long as they are measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from .contestant import Can, Contestant, Remote
from .series import LeftOut, Outcome, in_a_line
from .servers import Servers

__all__ = ["Client", "able", "connected", "taking_part"]


@dataclass(frozen=True, slots=True)
class Client:
    """A contestant that is connected.

    :ivar server: the server's process id.
    """

    contestant: Contestant
    address: str
    server: int
    remote: Remote


def taking_part(
    contestants: Sequence[Contestant], what: str, *needs: Can
) -> tuple[list[Contestant], Outcome]:
    """Those that can do at least one of these and whose libraries are there, and a note on who is left out.

    :param what: what they are left out of then.
    """
    present, outcome = [], Outcome()
    for each in able(contestants, *needs):
        module = each.missing()
        if module is None:
            present.append(each)
        else:
            outcome.left_out.append(LeftOut(each.name, what, f"{module} is not installed"))
    return present, outcome


@contextmanager
def connected(contestants: Sequence[Contestant], what: str, outcome: Outcome) -> Iterator[list[Client]]:
    """Start the servers, and connect with each once. Who cannot connect is left out, with a note.

    :param what: what they are left out of then.
    """
    with Servers() as servers:
        servers.start(contestant.setup for contestant in contestants)
        clients: list[Client] = []
        try:
            for each in contestants:
                address, server = servers.address(each.setup), servers.process_id(each.setup)
                try:
                    clients.append(Client(each, address, server, each.connect(address)))
                except Exception as error:  # whatever a library has
                    outcome.left_out.append(LeftOut(each.name, what, in_a_line(error)))
            yield clients
        finally:
            for client in clients:
                client.contestant.close()


def able(contestants: Sequence[Contestant], *needs: Can) -> list[Contestant]:
    """Those that can do at least one of these."""
    return [each for each in contestants if not each.can.isdisjoint(needs)]
