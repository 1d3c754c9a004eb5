"""URIs as values: copies, equality, and the states that messages carry."""

from __future__ import annotations

import copy
import itertools
import pickle
from typing import Any

import Pyro5.core
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyroplug.errors import SerializeError
from pyroplug.uri import URI
from pyroplug.values import registry

from .plugins.serializers import codecs
from .test_uri import PARTS, USABLE, parts, tags_sorted

# Values


class OtherURI(URI):
    """A subclass, with something of its own."""


@pytest.mark.parametrize("text", ["PYRO:a@h:1", "PYRONAME:a", "PYROMETA:a,b@./u:x", "PYRO:a@./ipc:x"])
@pytest.mark.parametrize("cls", [URI, OtherURI])
def test_copies(cls: type[URI], text: str) -> None:
    uri = cls(text)
    copies = [cls(uri), copy.copy(uri), copy.deepcopy(uri), cls.from_state(uri.__getstate__())]
    copies += [pickle.loads(pickle.dumps(uri, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for one in copies:
        assert one is not uri
        assert type(one) is cls
        assert one == uri
        assert hash(one) == hash(uri)
        assert parts(one) == parts(uri)


def test_equality_is_by_value() -> None:
    texts = ["PYRO:a@h:1", "PYRO:a@h:2", "PYRO:a@g:1", "PYRO:b@h:1", "PYRO:a@./u:h", "PYRONAME:a@h:1"]
    texts += ["PYRONAME:a", "PYROMETA:a", "PYROMETA:a,b", "PYRO:a@./x:h", "PYRO:A@h:1"]
    for one, other in itertools.product(texts, texts):
        assert (URI(one) == URI(other)) is (one == other)
        assert (URI(one) != URI(other)) is (one != other)
    assert len({URI(text) for text in texts + texts}) == len(texts)
    assert URI("PYROMETA:a,b") == URI("PYROMETA:b,a,a")
    assert hash(URI("PYROMETA:a,b")) == hash(URI("PYROMETA:b,a,a"))
    assert URI("PYRO:a@h:1") != "PYRO:a@h:1"


def test_a_subclass_is_as_good() -> None:
    assert URI("PYRO:a@h:1") == OtherURI("PYRO:a@h:1")
    assert type(URI(OtherURI("PYRO:a@h:1"))) is URI


@pytest.mark.parametrize("name", PARTS)
def test_it_never_changes(name: str) -> None:
    uri = URI("PYRO:a@h:1")
    with pytest.raises(AttributeError, match=f"its {name} cannot be set"):
        setattr(uri, name, "x")
    with pytest.raises(AttributeError, match=f"its {name} cannot be deleted"):
        delattr(uri, name)
    assert str(uri) == "PYRO:a@h:1"


def test_attributes_of_ones_own() -> None:
    with pytest.raises(AttributeError, match="note"):
        URI("PYRO:a@h:1").note = "x"
    other: Any = OtherURI("PYRO:a@h:1")
    other.note = "x"
    del other.note
    assert not hasattr(other, "note")


def test_repr_has_class_and_text() -> None:
    uri = OtherURI("PYRO:a@h:1")
    assert repr(uri) == f"<{__name__}.OtherURI at {id(uri):#x}; PYRO:a@h:1>"
    assert repr(URI("PYRONAME:x")).startswith("<pyroplug.uri.URI at 0x")


# States


@pytest.mark.parametrize("text", USABLE)
def test_states_are_those_of_pyro5(text: str) -> None:
    state = Pyro5.core.URI(text).__getstate__()
    assert URI.from_state(state) == URI(text)
    assert URI.from_state(list(state)) == URI(text)
    real = Pyro5.core.URI.__new__(Pyro5.core.URI)
    real.__setstate__(URI(text).__getstate__())
    assert real == Pyro5.core.URI(text)


@pytest.mark.parametrize("tags", [{"b", "a"}, frozenset("ab"), ["b", "a"], ("a", "b", "a")])
def test_tags_in_a_state_come_in_many_shapes(tags: Any) -> None:
    assert URI.from_state(["PYROMETA", tags, None, None, None]) == URI("PYROMETA:a,b")


@pytest.mark.parametrize(
    "state",
    [
        None,
        "PYRO:",
        b"PYROx",
        {"protocol": "PYRO"},
        (),
        ("PYRO", "a", None, "h"),
        ("PYRO", "a", None, "h", 1, 2),
        ("pyro", "a", None, "h", 1),
        ("HTTP", "a", None, "h", 1),
        (["PYRO"], "a", None, "h", 1),
        ("PYRO", None, None, "h", 1),
        ("PYRO", "", None, "h", 1),
        ("PYRO", "a b", None, "h", 1),
        ("PYRO", "a@b", None, "h", 1),
        ("PYRO", {"a"}, None, "h", 1),
        ("PYRO", "a", None, None, None),
        ("PYRO", "a", None, "h", None),
        ("PYRO", "a", None, None, 1),
        ("PYRO", "a", None, "h", "1"),
        ("PYRO", "a", None, "h", True),
        ("PYRO", "a", None, "h", 1.0),
        ("PYRO", "a", None, "h", -1),
        ("PYRO", "a", None, "h", 65536),
        ("PYRO", "a", None, "h", 10**5000),
        ("PYRO", "a", None, "", 1),
        ("PYRO", "a", None, "./x", 1),
        ("PYRO", "a", None, "b@h", 1),
        ("PYRO", "a", None, "h:1", 1),
        ("PYRO", "a", "x", "h", 1),
        ("PYRO", "a", "", None, None),
        ("PYRO", "a", "x\n", None, None),
        ("PYRO", "a", 1, None, None),
        ("PYRO", "a", ":x", None, None),
        ("PYRO", "a", "u:x", None, None),
        ("PYRONAME", "a\n", None, None, None),
        ("PYRONAME", "a@h", None, None, None),
        ("PYROMETA", "a", None, None, None),
        ("PYROMETA", {"a": 1}, None, None, None),
        ("PYROMETA", [], None, None, None),
        ("PYROMETA", ["a", ""], None, None, None),
        ("PYROMETA", ["a,b"], None, None, None),
        ("PYROMETA", ["a@h"], None, None, None),
        ("PYROMETA", [["a"]], None, None, None),
        ("PYROMETA", ["a", 1], None, None, None),
    ],
)
def test_other_states_are_refused(state: Any) -> None:
    with pytest.raises(SerializeError, match="invalid state of a URI") as caught:
        URI.from_state(state)
    assert caught.value.hint
    assert len(str(caught.value)) < 1500


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
values = st.recursive(
    scalars, lambda v: st.lists(v) | st.dictionaries(st.text(), v) | st.tuples(v), max_leaves=5
)
protocols = st.sampled_from(["PYRO", "PYRONAME", "PYROMETA"])
names = st.text(max_size=5) | st.lists(st.text(max_size=3)) | values
states = values | st.tuples(
    protocols, names, values, st.sampled_from(["h", None]) | values, st.just(1) | values
)


@given(states)
@example(("PYRO", "a", None, "h", 1))
def test_any_state_is_a_uri_or_a_serialize_error(state: Any) -> None:
    try:
        uri = URI.from_state(state)
    except SerializeError:
        return
    protocol, name, sockname, host, port = uri.__getstate__()
    assert [protocol, sockname, host, port] == [state[0], *state[2:]]
    assert name == (set(state[1]) if protocol == "PYROMETA" else state[1])


# Messages


@pytest.mark.parametrize(
    "text", ["PYRO:a@h:1", "PYRO:a@[::1]:1", "PYRO:a@./u:x y", "PYRONAME:a", "PYROMETA:b,a@h:1"]
)
@pytest.mark.parametrize("serializer", codecs.NAMES)
def test_every_serializer_carries_them_to_and_from_pyro5(serializer: str, text: str) -> None:
    mine, theirs = codecs.ours(serializer, registry), codecs.Theirs(serializer)
    uri = OtherURI(text)
    for carry in (codecs.as_argument, codecs.as_result):
        back = carry(uri, mine, mine)
        assert (type(back), back) == (URI, uri)
        received = carry(uri, mine, theirs)
        assert type(received) is Pyro5.core.URI
        assert tags_sorted(str(received)) == text.replace("b,a", "a,b")
        sent_back = carry(received, theirs, mine)
        assert (type(sent_back), sent_back) == (URI, uri)


@pytest.mark.parametrize("serializer", codecs.NAMES)
def test_other_transports_travel_between_pyroplugs(serializer: str) -> None:
    mine = codecs.ours(serializer, registry)
    uri = URI("PYROMETA:a,b@./ipc:x:y")
    assert codecs.as_result(uri, mine, mine) == uri


@pytest.mark.parametrize("state", [None, [], ["PYRO", "a", None, "h", 70000], ["PYRO", "a b", None, "h", 1]])
def test_a_state_in_a_message_is_checked(state: Any) -> None:
    with pytest.raises(SerializeError):
        registry.from_dict({"__class__": "Pyro5.core.URI", "state": state})
