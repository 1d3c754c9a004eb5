"""Who may have what two plugins claim: plugin names, names and keys of what they provide, commands.

The rule is one for all of them: what comes with pyroplug stays and the newcomer has to wait; between two
newcomers nobody gets it until one is blocked, for any order among them would be an accident of installation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from .admission import Entry, Offer
from .discovery import BLOCK, Source
from .kinds import Kind, Status, Trait

__all__ = ["Clash", "clashes", "judge_names", "judge_offers", "who"]

C = TypeVar("C", bound=Hashable)
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Clash(Generic[C, K]):
    """One that does not get what it claims.

    :ivar loser: who does not get it.
    :ivar key: what it is.
    :ivar rivals: who else claims it.
    :ivar taken: a rival has it; false if nobody gets it.
    """

    loser: C
    key: K
    rivals: tuple[C, ...]
    taken: bool


def clashes(
    claimants: Sequence[C], keys: Callable[[C], Iterable[K]], is_ours: Callable[[C], bool]
) -> Iterator[Clash[C, K]]:
    """Everyone that may not have all it claims, once each, whatever the order of the claimants.

    Who loses against pyroplug's own is out of the contest, and spoils nothing for other newcomers.
    """
    own = [one for one in claimants if is_ours(one)]
    holders = {key: one for one in own for key in keys(one)}
    others = []
    for one in claimants:
        taken = [] if is_ours(one) else [key for key in keys(one) if key in holders]
        if taken:
            yield Clash(one, taken[0], (holders[taken[0]],), True)
        elif not is_ours(one):
            others.append(one)
    yield from _contests(own, keys)
    yield from _contests(others, keys)


def _contests(claimants: Sequence[C], keys: Callable[[C], Iterable[K]]) -> Iterator[Clash[C, K]]:
    """Those among equals that claim the same."""
    table: defaultdict[K, list[C]] = defaultdict(list)
    for one in claimants:
        for key in keys(one):
            table[key].append(one)
    for one in claimants:
        for key in keys(one):
            if len(table[key]) > 1:
                yield Clash(one, key, tuple(rival for rival in table[key] if rival is not one), False)
                break


def who(source: Source) -> str:
    """The plugin and where it comes from."""
    return Entry(source).record().who


def _block_one(names: Iterable[str]) -> str:
    return "block one of them: " + " or ".join(f"{BLOCK}={name}" for name in dict.fromkeys(names))


# Plugin names ----------------------------------------------------------------------------------------


def judge_names(entries: Sequence[Entry]) -> None:
    """Mark the plugins whose name belongs, or may belong, to another."""
    found = clashes(entries, lambda entry: [entry.source.name], lambda entry: entry.source.ours)
    for clash in list(found):
        rivals = ", ".join(who(rival.source) for rival in clash.rivals)
        if clash.taken:
            problem = f"its name is taken by {rivals}, so it was not loaded"
        else:
            problem = f"it shares its name with {rivals}, so none of them was loaded"
        blocks = {clash.loser.source.block_name, *(rival.source.block_name for rival in clash.rivals)}
        if len(blocks) > 1:
            hint = f"{_block_one(sorted(blocks))} (the plain name would block both)."
        else:
            origin = clash.loser.source.distribution
            hint = f"the authors of {origin} have to give each entry point its own name."
        clash.loser.reject(Status.CLASH, problem, hint)


# What plugins provide --------------------------------------------------------------------------------

_Key = tuple[Kind, Trait, Hashable]


def judge_offers(offers: Sequence[Offer], kernel: Sequence[Offer] = ()) -> None:
    """Mark the objects whose name, alias, wire id or scheme belongs, or may belong, to another.

    :param kernel: what belongs to the kernel itself.
    """
    intact = [offer for offer in (*kernel, *offers) if offer.status is Status.ACTIVE]
    for clash in list(clashes(intact, _claims, lambda offer: offer.source.ours)):
        offer, (_, trait, fact) = clash.loser, clash.key
        shown = trait.show(fact) if trait.show else f"the {trait.label} {fact!r}"
        rivals = ", ".join(_whose(rival, offer) for rival in clash.rivals)
        outcome = "is taken by" if clash.taken else "is nobody's while it is also claimed by"
        blocks = [offer.source.name, *(rival.source.name for rival in clash.rivals if rival not in kernel)]
        if len(set(blocks)) > 1:
            hint = f"{_block_one(blocks)}. {trait.advice}".strip()
        else:
            hint = f"the plugin's author has to change the {trait.label}. {trait.advice}".strip()
        offer.reject(Status.CLASH, f"{shown} {outcome} {rivals}", hint)


def _claims(offer: Offer) -> list[_Key]:
    # without repetition: an alias that repeats the object's own name is no clash
    return list(dict.fromkeys((offer.kind, *claim) for claim in offer.kind.claims(offer.facts)))


def _whose(rival: Offer, offer: Offer) -> str:
    owner = "the same plugin" if rival.source is offer.source else who(rival.source)
    return f"{rival.name!r} of {owner}"
