"""What a gateway is told: one frozen value, made of configuration items or by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pyroplug.api import URI
from pyroplug.config import Configuration, config
from pyroplug.errors import ConfigError, PyroError

__all__ = ["Settings", "objects_from"]

NO_NAME_SERVER = "none"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a gateway works. Each has the meaning of the item ``GATEWAY_...`` of its name.

    :ivar nameserver: its URI; ``None`` for none, and empty for whichever is found.
    :ivar objects: URIs by the names under which they are exposed, whatever ``expose`` says.
    :ivar key: empty for none.
    :ivar configuration: of the proxies, which a gateway copies.
    """

    expose: str = r"http\."
    objects: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    nameserver: str | None = ""
    key: bytes = field(default=b"", repr=False)
    cors: str = ""
    hosts: str = ""
    timeout: float = 30.0
    get_calls: bool = True
    tracebacks: bool = True
    cache_time: float = 2.0
    connections: int = 64
    connections_per_object: int = 8
    idle_time: float = 60.0
    streams: int = 4
    max_body: int = 1 << 20
    max_depth: int = 64
    configuration: Configuration = field(default=config, repr=False, compare=False)

    @classmethod
    def of(cls, configuration: Configuration = config, **changes: Any) -> Settings:
        """The settings that a configuration says.

        :param changes: values that count instead of the items'. ``objects`` may be a sequence of texts
            ``NAME=URI``, ``nameserver`` a text ``HOST:PORT``, ``key`` a text.
        :raises ConfigError: one of them is unusable.
        """
        names = [name for name in cls.__dataclass_fields__ if name != "configuration"]
        values = {name: getattr(configuration, f"GATEWAY_{name.upper()}") for name in names}
        values.update(changes)
        if not isinstance(values["objects"], Mapping):
            values["objects"] = objects_from(values["objects"])
        if isinstance(values["nameserver"], str):
            values["nameserver"] = _name_server(
                values["nameserver"], configuration.NS_PORT, values["objects"]
            )
        if isinstance(values["key"], str):
            values["key"] = values["key"].encode()
        return cls(**values, configuration=configuration)


def objects_from(texts: Sequence[str]) -> Mapping[str, str]:
    """URIs by name, from texts ``NAME=URI``. Raises :exc:`~pyroplug.errors.ConfigError`."""
    found = {}
    for text in texts:
        name, _, uri = text.partition("=")
        try:
            found[name] = str(URI(uri))
        except PyroError as error:
            raise ConfigError(
                f"an object for the gateway is not NAME=URI: {text!r:.200}",
                hint="for instance http.shop=PYRO:shop@localhost:9999",
            ) from error
        if not name:
            raise ConfigError(f"an object for the gateway has no name: {text!r:.200}", hint="write NAME=URI")
    return MappingProxyType(found)


def _name_server(text: str, port: int, objects: Mapping[str, str]) -> str | None:
    """The URI, empty for whichever name server is found, or ``None`` for none."""
    if text == NO_NAME_SERVER or (not text and objects):
        return None
    if not text:
        return ""
    bare = text.count(":") > 1 and not text.startswith("[")  # an IPv6 address, without a port
    location = f"[{text}]" if bare else text
    if not location.startswith("./") and not _WITH_PORT.search(location):
        location += f":{port}"
    try:
        return str(URI(f"PYRO:Pyro.NameServer@{location}"))
    except PyroError as error:
        raise ConfigError(
            f"the gateway's name server is not HOST:PORT: {text!r:.200}", hint="for instance localhost:9090"
        ) from error


_WITH_PORT = re.compile(r":\d+\Z")
