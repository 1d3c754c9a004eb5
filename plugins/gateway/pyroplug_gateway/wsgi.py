"""``pyro_app``: the gateway for WSGI servers of your own, set up by the environment or by its attributes.

``gunicorn --threads 8 pyroplug_gateway.wsgi:pyro_app`` serves it; so does any other server.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pyroplug.config import config

from .extra import needed
from .settings import Settings

if TYPE_CHECKING:
    from .app import Gateway

__all__ = ["PyroApp", "pyro_app"]


class PyroApp:
    """A gateway that is made with the first request, and anew when one of its attributes was set.

    Attributes that nobody has set are what the configuration says.

    :ivar ns_regex: which names are exposed, see ``GATEWAY_EXPOSE``.
    :ivar cors: which web sites may use it, see ``GATEWAY_CORS``.
    :ivar gateway_key: bytes or a text; see ``GATEWAY_KEY``. ``None`` for none.
    :ivar comm_timeout: seconds, see ``GATEWAY_TIMEOUT``.
    """

    ns_regex: str
    cors: str
    gateway_key: bytes | str | None
    comm_timeout: float

    def __init__(self) -> None:
        vars(self).update(_changes={}, _gateway=None, _alone=threading.Lock())

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request, as WSGI has it."""
        gateway = vars(self)["_gateway"] or self._made()
        answer: Iterable[bytes] = gateway(environ, start_response)
        return answer

    def __getattr__(self, name: str) -> Any:
        item = _ITEMS.get(name)
        if item is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        setting, variable = item
        return vars(self)["_changes"].get(setting, getattr(config, variable))

    def __setattr__(self, name: str, value: Any) -> None:
        item = _ITEMS.get(name)
        if item is None:
            super().__setattr__(name, value)
            return
        mine = vars(self)
        with mine["_alone"]:
            mine["_changes"] = {**mine["_changes"], item[0]: b"" if value is None else value}
            old, mine["_gateway"] = mine["_gateway"], None
        if old is not None:
            old.close()

    def close(self) -> None:
        """End the connections that are kept; the next request makes new ones."""
        mine = vars(self)
        with mine["_alone"]:
            old, mine["_gateway"] = mine["_gateway"], None
        if old is not None:
            old.close()

    def _made(self) -> Gateway:
        with needed():
            from .app import Gateway  # when it is used: without its libraries, this module can be imported
        mine = vars(self)
        with mine["_alone"]:
            if mine["_gateway"] is None:
                mine["_gateway"] = Gateway(Settings.of(**mine["_changes"]))
            gateway: Gateway = mine["_gateway"]
            return gateway


_ITEMS = {
    "ns_regex": ("expose", "GATEWAY_EXPOSE"),
    "cors": ("cors", "GATEWAY_CORS"),
    "gateway_key": ("key", "GATEWAY_KEY"),
    "comm_timeout": ("timeout", "GATEWAY_TIMEOUT"),
}

pyro_app = PyroApp()
"""The application; what it answers with is decided when it is asked."""
