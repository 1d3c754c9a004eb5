"""The gateway's configuration items. Nothing here knows what becomes of them."""

from __future__ import annotations

from pyroplug.contracts import ConfigItem

__all__ = ["ITEMS"]

ITEMS = (
    ConfigItem(
        "GATEWAY_EXPOSE",
        r"http\.",
        "which names of the name server the HTTP gateway exposes: a regular expression for whole names",
    ),
    ConfigItem(
        "GATEWAY_OBJECTS", (), "objects that the HTTP gateway exposes without a name server, as NAME=URI"
    ),
    ConfigItem(
        "GATEWAY_NAMESERVER",
        "",
        "the HTTP gateway's name server, HOST:PORT, or none; empty for the usual one if there are no "
        "GATEWAY_OBJECTS",
    ),
    ConfigItem(
        "GATEWAY_KEY", "", "what callers of the HTTP gateway have to know; empty for nothing", secret=True
    ),
    ConfigItem("GATEWAY_CORS", "", "web sites whose scripts may use the HTTP gateway: origins, or * for all"),
    ConfigItem(
        "GATEWAY_HOSTS",
        "",
        "host names by which the HTTP gateway may be asked; empty for any, or localhost if it listens there",
    ),
    ConfigItem(
        "GATEWAY_TIMEOUT", 30.0, "seconds that the HTTP gateway waits for a remote object; 0 for ever", 0
    ),
    ConfigItem(
        "GATEWAY_GET_CALLS",
        True,
        "let GET requests to the HTTP gateway call methods that may change something",
    ),
    ConfigItem(
        "GATEWAY_TRACEBACKS", True, "the HTTP gateway passes on remote tracebacks, without folders' names"
    ),
    ConfigItem(
        "GATEWAY_CACHE_TIME", 2.0, "seconds that the HTTP gateway takes it that a name has not moved", 0
    ),
    ConfigItem("GATEWAY_CONNECTIONS", 64, "most connections of the HTTP gateway with remote objects", 1),
    ConfigItem(
        "GATEWAY_CONNECTIONS_PER_OBJECT", 8, "most connections of the HTTP gateway with one remote object", 1
    ),
    ConfigItem("GATEWAY_IDLE_TIME", 60.0, "seconds that the HTTP gateway keeps an idle connection", 0),
    ConfigItem("GATEWAY_STREAMS", 4, "most remote iterators that the HTTP gateway sends at a time", 0),
    ConfigItem(
        "GATEWAY_MAX_BODY", 1 << 20, "bytes of the largest request body that the HTTP gateway takes", 0
    ),
    ConfigItem("GATEWAY_MAX_DEPTH", 64, "how deeply JSON in requests to the HTTP gateway may be nested", 1),
)
