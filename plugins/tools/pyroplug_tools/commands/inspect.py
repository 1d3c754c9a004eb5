"""``pyroplug inspect``: an object and its server, looked at from outside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from pyroplug.api import URI
from pyroplug_tools.answers import write
from pyroplug_tools.facts import Facts, Member, ask
from pyroplug_tools.reaching import address, reporting

__all__ = ["SCHEMA", "inspect"]

SCHEMA = 1
"""The number of the JSON document's form; it grows when something in it is renamed, removed or redefined."""


@click.command("inspect")
@click.argument("uri", callback=address)
@click.option("--json", "json_wanted", is_flag=True, help="Print a JSON document.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="How long each question may take.",
)
@click.option(
    "--pings",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    metavar="NUMBER",
    help="How many calls are measured.",
)
def inspect(uri: URI, json_wanted: bool, timeout: float, pings: int) -> None:
    """Show what an object has to offer, and how it is reached.

    URI is the object's address, or a name that a name server knows. Its methods and properties are listed,
    and none of them is used; the server is asked what it tells of itself, and which serializers it accepts.
    """
    with reporting():
        facts = ask(uri, timeout, pings)
    if json_wanted:
        click.echo(json.dumps(_document(facts), indent=2))
    else:
        write("\n".join(_lines(facts)))


def _lines(facts: Facts) -> Iterator[str]:
    yield str(facts.uri)
    if str(facts.asked) != str(facts.uri):
        yield _fact("known as", facts.asked)
    yield _fact("location", facts.uri.location)
    yield _fact("protocol", facts.protocol)
    yield _fact("serializers", _serializers(facts))
    yield _fact("library", facts.library)
    yield _fact("server", facts.about or "tells nothing of itself")
    if facts.objects is not None:
        yield _fact("objects", facts.objects)
    yield _fact("round trip", f"{facts.seconds * 1e6:.0f} µs (median of {facts.pings})")
    yield "methods" if facts.methods else "no methods"
    yield from (f"  {one.name}{_marks(one)}" for one in facts.methods)
    yield "properties" if facts.properties else "no properties"
    yield from (f"  {name}" for name in facts.properties)


def _fact(label: str, fact: object) -> str:
    return f"  {label:<12} {fact}"


def _serializers(facts: Facts) -> str:
    accepted, refused = (
        [name for name, yes in facts.serializers.items() if yes is it] for it in (True, False)
    )
    return ", ".join(accepted) + (f" (refuses {', '.join(refused)})" if refused else "")


def _marks(method: Member) -> str:
    marks = [word for word, it in (("one-way", method.oneway), ("idempotent", method.idempotent)) if it]
    return f"  [{', '.join(marks)}]" if marks else ""


def _document(facts: Facts) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "asked": str(facts.asked),
        "uri": str(facts.uri),
        "object": facts.uri.object,
        "location": facts.uri.location,
        "protocol": facts.protocol,
        "serializers": dict(facts.serializers),
        "library": facts.library,
        "server": facts.about,
        "objects": facts.objects,
        "round_trip_seconds": facts.seconds,
        "pings": facts.pings,
        "methods": [one._asdict() for one in facts.methods],
        "properties": list(facts.properties),
    }
