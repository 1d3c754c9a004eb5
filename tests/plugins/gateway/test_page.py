"""The page as it is sent: its policy, its files, and names in it that would like to be markup."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroplug_gateway.app import Gateway
from pyroplug_gateway.failures import Failure
from pyroplug_gateway.settings import Settings
from werkzeug.test import Client

from pyroplug.config import Configuration

from .shop import NASTY

Make = Callable[..., Gateway]

FILES = Path(str(resources.files("pyroplug_gateway") / "assets"))
SCRIPTS = sorted(FILES.glob("*.js"))
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}


class Reader(HTMLParser):
    """What a browser would make of the page.

    :ivar tags: each with its attributes.
    :ivar names: the texts of the list, and where they lead.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.names: list[tuple[str, str]] = []
        self._in_name = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if "data-name" in dict(attrs):
            self._in_name = True
            self.names.append(("", dict(attrs)["href"] or ""))

    def handle_endtag(self, tag: str) -> None:
        self._in_name = False

    def handle_data(self, data: str) -> None:
        if self._in_name:
            text, link = self.names[-1]
            self.names[-1] = text + data, link


def gateway(names: Any, **changes: Any) -> Gateway:
    """With objects of these names, which do not exist."""
    changes.setdefault("objects", dict.fromkeys(names, "PYRO:x@127.0.0.1:1"))
    return Gateway(Settings.of(Configuration(environ={}), **changes))


def read(names: Any, **changes: Any) -> Reader:
    return Reader(Client(gateway(names, **changes)).get("/pyro/").get_data(as_text=True))


# The policy ------------------------------------------------------------------------------------------


def test_the_policy_allows_nothing_but_the_gateways_own_files(make: Make) -> None:
    for client in (Client(make()), Client(make(key="sesame"))):
        headers = client.get("/pyro/").headers
        parts = [part.strip().partition(" ") for part in headers["Content-Security-Policy"].split(";")]
        assert {name: value for name, _, value in parts} == POLICY
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"


def test_the_page_needs_nothing_that_the_policy_forbids() -> None:
    for tag, attributes in read([NASTY, "http.shop"]).tags:
        assert tag not in ("style", "iframe", "object", "embed", "base")
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        if tag == "script":
            assert (attributes["src"] or "").startswith("../assets/")
        for name in ("src", "href", "action"):
            assert ":" not in (attributes.get(name) or "")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_make_no_markup_of_texts(path: Path) -> None:
    text = path.read_text()
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval\(|Function\(|srcdoc"
    assert not re.search(forbidden, text)
    assert "://" not in text, "nothing comes from elsewhere"


# Files -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(path.name for path in FILES.iterdir()))
def test_a_file(name: str) -> None:
    client = Client(gateway([], key="sesame"))
    answer = client.get(f"/assets/{name}")
    kinds = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    assert (answer.status_code, answer.mimetype) == (200, kinds[Path(name).suffix])
    assert answer.data == (FILES / name).read_bytes()
    assert answer.headers["Cache-Control"] == "no-cache"
    again = client.get(f"/assets/{name}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", answer.headers["ETag"])
    assert "Content-Length" not in again.headers
    other = client.get(f"/assets/{name}", headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.data) == (200, answer.data)
    assert client.head(f"/assets/{name}").data == b""


def test_all_files_that_are_referred_to_are_there() -> None:
    page = Client(gateway([])).get("/pyro/").get_data(as_text=True)
    wanted = re.findall(r'"\.\./assets/([^"]+)"', page)
    for path in SCRIPTS:
        wanted += re.findall(r'from "\./([^"]+)"', path.read_text())
    assert {path.name for path in FILES.iterdir()} == set(wanted)


@pytest.mark.parametrize(
    "path",
    [
        "../page.py",
        "..%2Fpage.py",
        "%2Fetc%2Fpasswd",
        "/etc/passwd",
        "page.js/",
        "./page.js",
        "PAGE.JS",
        "x.js",
    ],
)
def test_no_other_file(path: str) -> None:
    answer = Client(gateway([])).get(f"/assets/{path}")
    assert answer.status_code == 404
    assert answer.mimetype == "application/json"


# Names -----------------------------------------------------------------------------------------------

any_name = st.one_of(
    st.text(min_size=1),
    st.lists(
        st.sampled_from(["<script>", "</a>", '"', "'", "&lt;", "\u202e", "{{", "}}", "\0", "\ud800"])
    ).map("".join),
).filter(bool)


@given(st.sets(any_name, max_size=5))
def test_names_are_never_markup(names: set[str]) -> None:
    plain = [f"n{number}" for number in range(len(names))]
    found, expected = read(names), read(plain)

    def shape(page: Reader) -> list[Any]:
        return [(tag, {**them, "href": None} if "data-name" in them else them) for tag, them in page.tags]

    assert shape(found) == shape(expected)
    for name, (text, link) in zip(sorted(names), found.names, strict=True):
        known = name.encode("utf-8", "replace").decode()
        assert unquote(link, errors="strict") == f"{known}/$meta"
        assert re.fullmatch(r"[\w.~%-]+/\$meta", link, re.ASCII)
        unchanged = not re.search("[\0\r]", known)  # of these, parsers make something else
        assert not unchanged or text == known


def test_a_pattern_that_is_markup(make: Make) -> None:
    page = read([], objects={}, expose=r"<b>|http\.", nameserver="none")
    assert "b" not in [tag for tag, _ in page.tags]


def test_many_names_are_not_all_in_the_page() -> None:
    names = [f"http.{number:05}" for number in range(3000)]
    client = Client(gateway(names))
    page = Reader(client.get("/pyro/").get_data(as_text=True))
    assert len(page.names) == 500
    (body,) = [them for tag, them in page.tags if tag == "body"]
    assert body["data-total"] == "3000"
    assert client.get("/pyro/", headers={"Accept": "application/json"}).json["names"] == names


# What scripts are told -------------------------------------------------------------------------------


def test_names_as_json(make: Make) -> None:
    answer = Client(make()).get("/pyro/", headers={"Accept": "application/json"})
    assert answer.json == {"names": ["http.sample"], "expose": r"http\.", "nameserver": False}
    assert "Accept" in answer.headers["Vary"]
    for accepted in ("text/html,application/xhtml+xml,*/*;q=0.8", "*/*", ""):
        assert Client(make()).get("/pyro/", headers={"Accept": accepted}).mimetype == "text/html"


def test_without_the_key_nothing_is_told(make: Make) -> None:
    client = Client(make(key="sesame", expose=r"secret\."))
    answer = client.get("/pyro/", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json["__exception__"]) == (403, True)
    page = client.get("/pyro/")
    assert page.status_code == 403
    for secret in ("secret", "sesame", "http.sample"):
        assert secret not in page.get_data(as_text=True)
    page = client.get("/pyro/", query_string={"$key": "sesame"})
    assert "http.sample" in page.get_data(as_text=True)
    assert "sesame" not in page.get_data(as_text=True)


def test_details_of_an_object(make: Make) -> None:
    found = Client(make()).get("/pyro/http.sample/$meta?details=1").json
    assert found["oneway"] == ["note"]
    assert found["idempotent"] == ["stock"]
    assert set(Client(make()).get("/pyro/http.sample/$meta").json) == {"methods", "attributes"}


def test_a_name_server_that_cannot_be_reached(make: Make) -> None:
    made = make()

    def broken() -> list[str]:
        raise Failure(503, "the <b>name server</b> is away")

    made.directory.names = broken  # type: ignore[method-assign]
    client = Client(made)
    page = client.get("/pyro/")
    assert page.status_code == 200
    assert "the &lt;b&gt;name server&lt;/b&gt; is away" in page.get_data(as_text=True)
    assert client.get("/pyro/", headers={"Accept": "application/json"}).status_code == 503


@pytest.mark.parametrize(("nameserver", "shown"), [("none", "empty-fixed"), ("localhost:1", "empty-names")])
def test_where_there_is_no_object_it_says_what_to_do(nameserver: str, shown: str) -> None:
    made = gateway([], nameserver=nameserver, expose=r"mine\.")
    made.directory.names = list  # type: ignore[method-assign]
    text = Client(made).get("/pyro/").get_data(as_text=True)
    hidden = {them.get("id"): "hidden" in them for _, them in Reader(text).tags}
    assert not hidden["empty"]
    assert [name for name in ("empty-names", "empty-fixed") if not hidden[name]] == [shown]
    assert r"mine\." in text


def test_a_gateway_that_is_mounted_somewhere(make: Make) -> None:
    """The page's files are beside it, wherever that is."""
    page = Client(make()).get("/pyro/", base_url="http://localhost/remote/")
    assert 'src="../assets/page.js"' in page.get_data(as_text=True)
