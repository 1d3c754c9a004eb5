"""What goes beside requests and answers: under which host name, for which web sites, and to which request."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from .failures import Failure

__all__ = ["CORRELATION_ID", "Cors", "Hosts", "correlation_id", "is_loopback"]

CORRELATION_ID = "X-Pyro-Correlation-Id"
_LONGEST_ID = 64
_PREFLIGHT = (
    ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
    (
        "Access-Control-Allow-Headers",
        f"Content-Type, X-Pyro-Options, X-Pyro-Gateway-Key, {CORRELATION_ID}",
    ),
    ("Access-Control-Max-Age", "600"),
)

Headers = list[tuple[str, str]]


def correlation_id(environ: Mapping[str, Any]) -> UUID:
    """The one that the caller gave, or a new one. Raises :exc:`Failure`: 400: it is none."""
    text = environ.get("HTTP_X_PYRO_CORRELATION_ID")
    if not text:
        return uuid4()
    try:
        if len(text) <= _LONGEST_ID:
            return UUID(text)
    except ValueError:
        pass
    raise Failure(400, f"{CORRELATION_ID} is to be a UUID")


class Cors:
    """Which scripts of web sites may use the gateway, and what browsers are told of it."""

    def __init__(self, origins: str) -> None:
        """
        :param origins: such as ``https://shop.example.org``, with commas or spaces between them; or ``*``.
        """
        self._origins = frozenset(origins.replace(",", " ").split())
        self._all = "*" in self._origins

    def headers(self, environ: Mapping[str, Any]) -> Headers:
        """Those of any answer."""
        if not self._origins:
            return []
        exposed = ("Access-Control-Expose-Headers", CORRELATION_ID)
        if self._all:
            return [("Access-Control-Allow-Origin", "*"), exposed]
        vary = ("Vary", "Origin")
        origin = environ.get("HTTP_ORIGIN")
        if origin not in self._origins:
            return [vary]
        return [("Access-Control-Allow-Origin", origin), exposed, vary]

    def preflight(self, environ: Mapping[str, Any]) -> Headers:
        """Those of an answer to the question what is allowed, beside the others."""
        return [*_PREFLIGHT] if self._allows(environ.get("HTTP_ORIGIN")) else []

    def check(self, environ: Mapping[str, Any]) -> None:
        """Refuse a call that a browser makes for another web site which may not do so.

        :raises Failure: 403.
        """
        origin = environ.get("HTTP_ORIGIN")
        if self._allows(origin):
            return
        cross = environ.get("HTTP_SEC_FETCH_SITE") in ("cross-site", "same-site")
        if cross or (origin is not None and _host(origin) != environ.get("HTTP_HOST", "").lower()):
            raise Failure(403, "scripts of other web sites may not use this gateway")

    def _allows(self, origin: str | None) -> bool:
        return self._all or (origin is not None and origin in self._origins)


class Hosts:
    """Under which host names the gateway may be asked.

    A web site may have its own name lead to any address, that of this machine too, after which its scripts
    are no strangers to whatever listens there. Only the name tells.
    """

    def __init__(self, names: str) -> None:
        """
        :param names: with commas or spaces between them. Empty, or ``*``, for any; otherwise ``localhost``
            is allowed beside them, and addresses, which are nobody's names.
        """
        self._names = frozenset(names.lower().replace(",", " ").split())
        self._all = not self._names or "*" in self._names
        self._knows = lru_cache(64)(self._found)

    def check(self, environ: Mapping[str, Any]) -> None:
        """Refuse a request under another name. Raises :exc:`Failure`: 403."""
        if self._all:
            return
        host = environ.get("HTTP_HOST")
        if host is not None and not self._knows(host):  # browsers always say it
            raise Failure(
                403, "the gateway is not to be asked under this host name, unless GATEWAY_HOSTS has it"
            )

    def _found(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        return name in self._names or name == "localhost" or name.endswith(".localhost") or _is_address(name)


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine reach this host name, or address."""
    return host.lower() == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
