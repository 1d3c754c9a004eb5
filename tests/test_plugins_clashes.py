"""Two that claim the same: pyroplug's own stays; between newcomers nobody gets it, and both are named."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyroplug.config import KERNEL_ITEMS
from pyroplug.contracts import ConfigItem
from pyroplug.errors import PluginUnavailableError
from pyroplug.plugins import Kind, PluginSet, Status
from pyroplug.plugins.clashes import clashes

from .fabricate import (
    FakeSerializer,
    FakeServerModel,
    FakeTransport,
    Site,
    Warnings,
    installed,
    offering,
    record_of,
    serializer_source,
    set_of,
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with installed(tmp_path) as site:
        yield site


# The rule --------------------------------------------------------------------------------------------

Claimant = tuple[int, bool, frozenset[int]]
claimants = st.lists(st.tuples(st.booleans(), st.frozensets(st.integers(0, 5), min_size=1)), max_size=6).map(
    lambda pairs: [(number, ours, keys) for number, (ours, keys) in enumerate(pairs)]
)


def losers(contest: list[Claimant]) -> set[int]:
    found = [clash.loser[0] for clash in clashes(contest, lambda one: sorted(one[2]), lambda one: one[1])]
    assert len(found) == len(set(found))
    return set(found)


@given(claimants)
def test_what_is_left_claims_nothing_twice(contest: list[Claimant]) -> None:
    lost = losers(contest)
    left = [key for number, _, keys in contest if number not in lost for key in keys]
    assert len(left) == len(set(left))


@given(claimants, st.randoms())
def test_the_order_does_not_matter(contest: list[Claimant], random: object) -> None:
    shuffled = list(contest)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert losers(shuffled) == losers(contest)


@given(claimants)
def test_newcomers_take_nothing_from_our_own(contest: list[Claimant]) -> None:
    own = [one for one in contest if one[1]]
    assert losers(contest) & {one[0] for one in own} == losers(own)


@given(claimants)
def test_who_loses_has_a_rival_that_claims_the_same(contest: list[Claimant]) -> None:
    for clash in clashes(contest, lambda one: sorted(one[2]), lambda one: one[1]):
        assert clash.rivals
        assert all(clash.key in rival[2] for rival in (clash.loser, *clash.rivals))
        assert clash.loser not in clash.rivals


# Plugin names ----------------------------------------------------------------------------------------


def test_a_newcomer_with_a_name_of_ours(site: Site) -> None:
    site.plugin("json", serializer_source("json"), "pyroplug", "0.1")
    theirs = site.plugin("json", serializer_source("better"), "acme-json", "2.0")
    warnings = Warnings()
    plugins = PluginSet(warn=warnings.append)
    assert record_of(plugins, "json", "pyroplug").status is Status.ACTIVE
    record = record_of(plugins, "json", "acme-json")
    assert record.status is Status.CLASH
    assert "plugin 'json' (pyroplug 0.1)" in (record.problem or "")
    assert "PYROPLUG_BLOCK=pyroplug:json" in (record.hint or "")
    assert theirs not in sys.modules
    assert plugins.names(Kind.SERIALIZER) == ("json",)
    assert warnings.about("acme-json").startswith("plugin 'json' (acme-json 2.0): ")


def test_two_newcomers_with_one_name(site: Site) -> None:
    modules = [
        site.plugin("cbor", serializer_source("cbor"), "acme-cbor", "1.0"),
        site.plugin("cbor", serializer_source("cbor"), "zeta-cbor", "2.0"),
    ]
    plugins = PluginSet(warn=Warnings().append)
    first, second = plugins.records
    assert (first.status, second.status) == (Status.CLASH, Status.CLASH)
    assert "plugin 'cbor' (zeta-cbor 2.0)" in (first.problem or "")
    assert "plugin 'cbor' (acme-cbor 1.0)" in (second.problem or "")
    assert "acme-cbor:cbor" in (first.hint or "")
    assert "zeta-cbor:cbor" in (first.hint or "")
    assert not set(modules) & set(sys.modules)
    with pytest.raises(PluginUnavailableError) as caught:
        plugins.get(Kind.SERIALIZER, "cbor")
    assert "acme-cbor 1.0" in str(caught.value)
    assert "zeta-cbor 2.0" in str(caught.value)


@pytest.mark.parametrize("block", ["acme-cbor", "acme-cbor:cbor"])
def test_blocking_one_of_them_frees_the_name(site: Site, block: str) -> None:
    site.plugin("cbor", serializer_source("theirs"), "acme-cbor")
    site.plugin("cbor", serializer_source("other"), "zeta-cbor")
    plugins = PluginSet(block=[block])
    assert [record.status for record in plugins.records] == [Status.BLOCKED, Status.ACTIVE]
    assert plugins.names(Kind.SERIALIZER) == ("other",)


def test_blocking_the_plain_name_blocks_both(site: Site) -> None:
    site.plugin("cbor", serializer_source("cbor"), "acme-cbor")
    site.plugin("cbor", serializer_source("cbor"), "zeta-cbor")
    assert {record.status for record in PluginSet(block=["cbor"]).records} == {Status.BLOCKED}


def test_ours_can_be_blocked_in_favour_of_a_newcomer(site: Site) -> None:
    site.plugin("json", serializer_source("ours"), "pyroplug")
    site.plugin("json", serializer_source("theirs"), "acme-json")
    assert PluginSet(block=["pyroplug:json"]).names(Kind.SERIALIZER) == ("theirs",)


def test_two_entry_points_of_one_distribution_with_one_name(site: Site) -> None:
    info = site.distribution("acme", {"cbor": "one"})
    (info / "entry_points.txt").write_text("[pyroplug]\ncbor = one\ncbor = two\n")
    plugins = PluginSet(warn=Warnings().append)
    assert [record.status for record in plugins.records] == [Status.CLASH] * 2
    assert {record.hint for record in plugins.records} == {
        "the authors of acme have to give each entry point its own name."
    }


def test_names_clash_without_loading_too(site: Site) -> None:
    site.distribution("a", {"cbor": "x"})
    site.distribution("b", {"cbor": "y"})
    site.distribution("c", {"other": "z"})
    statuses = [record.status for record in PluginSet(load=False, warn=Warnings().append).records]
    assert statuses == [Status.CLASH, Status.CLASH, Status.NOT_LOADED]


# What plugins provide --------------------------------------------------------------------------------


def test_a_newcomer_takes_no_wire_id_of_ours(site: Site) -> None:
    site.plugin("json", serializer_source("json", 2), "pyroplug", "0.1")
    site.plugin("cbor", serializer_source("cbor", 2), "acme-cbor", "1.0")
    plugins = PluginSet(warn=Warnings().append)
    assert plugins.get(Kind.SERIALIZER, "json") is plugins.by_wire_id(2)
    record = record_of(plugins, "cbor")
    assert record.status is Status.CLASH
    assert [it.status for it in record.provides] == [Status.CLASH]
    assert record.provides[0].key == "id 2"
    assert "id 2 is taken by 'json' of plugin 'json' (pyroplug 0.1)" in (record.problem or "")
    assert "PYROPLUG_BLOCK=cbor" in (record.hint or "")
    assert "PYROPLUG_BLOCK=json" in (record.hint or "")
    assert "64 to 127" in (record.hint or "")
    with pytest.raises(PluginUnavailableError, match=r"pyroplug 0\.1"):
        plugins.get(Kind.SERIALIZER, "cbor")


def test_a_newcomer_takes_no_name_of_ours(site: Site) -> None:
    site.plugin("json", serializer_source("json", 2), "pyroplug")
    site.plugin("better", serializer_source("json", 99), "acme")
    plugins = PluginSet(warn=Warnings().append)
    assert plugins.by_wire_id(2) is plugins.get(Kind.SERIALIZER, "json")
    assert record_of(plugins, "better").status is Status.CLASH
    with pytest.raises(PluginUnavailableError):
        plugins.by_wire_id(99)


def test_two_newcomers_with_one_scheme() -> None:
    plugins = set_of(
        a=offering(transport=[FakeTransport("ta", "x"), FakeTransport("spare", "spare")]),
        b=offering(transport=[FakeTransport("tb", "x")]),
    )
    assert plugins.names(Kind.TRANSPORT) == ("spare",)
    problem = record_of(plugins, "a").problem or ""
    assert "./x:" in problem
    assert "'tb' of plugin 'b'" in problem
    with pytest.raises(PluginUnavailableError) as caught:
        plugins.by_scheme("x")
    assert "plugin 'a'" in str(caught.value)
    assert "plugin 'b'" in str(caught.value)


def test_only_one_transport_has_no_scheme(site: Site) -> None:
    plugins = set_of(
        a=offering(transport=[FakeTransport("ta", None)]), b=offering(transport=[FakeTransport("tb", None)])
    )
    assert plugins.names(Kind.TRANSPORT) == ()
    assert "host:port" in (record_of(plugins, "a").problem or "")


def test_one_plugin_that_offers_a_name_twice() -> None:
    plugins = set_of(a=offering(serializer=[FakeSerializer("x", 70), FakeSerializer("x", 71)]))
    record = record_of(plugins, "a")
    assert [it.status for it in record.provides] == [Status.CLASH] * 2
    assert "the same plugin" in (record.problem or "")
    assert "author" in (record.hint or "")


def test_kinds_have_names_of_their_own() -> None:
    plugins = set_of(a=offering(serializer=[FakeSerializer("x")], transport=[FakeTransport("x")]))
    assert record_of(plugins, "a").status is Status.ACTIVE


def test_what_loses_against_ours_spoils_nothing_for_others(site: Site) -> None:
    site.plugin("json", serializer_source("json", 2), "pyroplug")
    site.plugin("greedy", serializer_source("json", 80), "greedy")
    site.plugin("modest", serializer_source("modest", 80), "modest")
    plugins = PluginSet(warn=Warnings().append)
    assert plugins.names(Kind.SERIALIZER) == ("json", "modest")
    assert record_of(plugins, "modest").status is Status.ACTIVE


def test_what_breaks_its_contract_claims_nothing() -> None:
    plugins = set_of(
        a=offering(serializer=[FakeSerializer("x", 999)]), b=offering(serializer=[FakeSerializer("x", 70)])
    )
    assert plugins.names(Kind.SERIALIZER) == ("x",)


# Aliases ---------------------------------------------------------------------------------------------


SERVER_SOURCE = """
class Fake:
    name = {name!r}
    aliases = frozenset({aliases!r})
    def create(self, host, listeners, connections, settings): pass

@hookimpl
def pyroplug_servers():
    return [Fake()]
"""


@pytest.mark.parametrize(
    ("name", "aliases"), [("mine", ["thread"]), ("thread", []), ("mine", ["threadpool"]), ("threadpool", [])]
)
def test_a_newcomer_takes_no_name_and_no_alias_of_ours(site: Site, name: str, aliases: list[str]) -> None:
    ours = SERVER_SOURCE.format(name="threadpool", aliases=["thread"])
    site.plugin("servers", ours, "pyroplug", "0.1")
    site.plugin("extra", SERVER_SOURCE.format(name=name, aliases=aliases), "acme")
    plugins = PluginSet(warn=Warnings().append)
    assert plugins.names(Kind.SERVER) == ("threadpool",)
    assert plugins.get(Kind.SERVER, "thread") is plugins.get(Kind.SERVER, "threadpool")
    taken = (aliases or [name])[0]
    problem = record_of(plugins, "extra").problem or ""
    assert f"the name {taken!r} is taken by 'threadpool' of plugin 'servers' (pyroplug 0.1)" in problem


@pytest.mark.parametrize("rival", [FakeServerModel("x"), FakeServerModel("b", frozenset("x"))])
def test_two_newcomers_that_claim_an_alias(rival: FakeServerModel) -> None:
    plugins = set_of(a=offering(server=[FakeServerModel("a", frozenset("x"))]), b=offering(server=[rival]))
    assert plugins.names(Kind.SERVER) == ()
    assert {record.status for record in plugins.records} == {Status.CLASH}
    with pytest.raises(PluginUnavailableError) as caught:
        plugins.get(Kind.SERVER, "x")
    assert "plugin 'a'" in str(caught.value)
    assert "plugin 'b'" in str(caught.value)


def test_an_alias_that_repeats_the_name_is_no_clash() -> None:
    plugins = set_of(a=offering(server=[FakeServerModel("x", frozenset("x"))]))
    assert record_of(plugins, "a").status is Status.ACTIVE


# Configuration items ---------------------------------------------------------------------------------


def test_config_items_of_two_plugins() -> None:
    wheels, doors = ConfigItem("WHEELS", 4, "how many"), ConfigItem("DOORS", 2, "how many")
    plugins = set_of(a=offering(config_item=[wheels]), b=offering(config_item=[doors]))
    assert plugins.config_items == (doors, wheels)


def test_config_items_of_one_name() -> None:
    plugins = set_of(
        a=offering(config_item=[ConfigItem("WHEELS", 4, "how many"), ConfigItem("DOORS", 2, "how many")]),
        b=offering(config_item=[ConfigItem("WHEELS", 3, "how many")]),
    )
    assert [item.name for item in plugins.config_items] == ["DOORS"]
    assert record_of(plugins, "b").status is Status.CLASH
    assert "'WHEELS'" in (record_of(plugins, "b").problem or "")


def test_no_plugin_redefines_an_item_of_the_kernel() -> None:
    name = KERNEL_ITEMS[0].name
    plugins = set_of(a=offering(config_item=[ConfigItem(name, "x", "taken over")]))
    record = record_of(plugins, "a")
    assert plugins.config_items == ()
    assert record.status is Status.CLASH
    assert repr(name) in (record.problem or "")
    assert "pyroplug" in (record.problem or "")
    assert "PYROPLUG_BLOCK=kernel" not in (record.hint or "")
