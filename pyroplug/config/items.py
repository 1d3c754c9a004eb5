"""The kernel's configuration items.

Where a default is a plugin's name, it is a choice like any that a user could write; no code of the kernel
depends on it.
"""

from __future__ import annotations

from pyroplug.contracts import ConfigItem

__all__ = ["KERNEL_ITEMS"]

_PORT = 65535
_MOST = 0xFFFFFFFF  # a size has four bytes in a message

KERNEL_ITEMS = (
    ConfigItem("HOST", "localhost", "host name or address that daemons and name servers listen on"),
    ConfigItem("NATHOST", None, "host name to publish in URIs instead, for use behind NAT"),
    ConfigItem("NATPORT", 0, "port to publish in URIs instead; 0 for the real one", 0, _PORT),
    ConfigItem("NAME_SERVICE", "pyro", "how names are looked up, by its plugin's name"),
    ConfigItem("NS_HOST", "localhost", "host name or address where the name server is looked for"),
    ConfigItem("NS_PORT", 9090, "TCP port of the name server; 0 for any that is free", 0, _PORT),
    ConfigItem("NS_BCHOST", None, "address that the name server's broadcast responder listens on"),
    ConfigItem("NS_BCPORT", 9091, "UDP port of the name server's broadcast responder", 0, _PORT),
    ConfigItem("NS_AUTOCLEAN", 0.0, "seconds between two scans for dead names; 0 for none", 0),
    ConfigItem("NS_LOOKUP_DELAY", 0.0, "seconds for which a failing name lookup is repeated", 0),
    ConfigItem("BROADCAST_ADDRS", ("<broadcast>", "0.0.0.0"), "where the name server is broadcast for"),
    ConfigItem("SERVERTYPE", "thread", "server model of daemons, by its plugin's name"),
    ConfigItem("SERIALIZER", "serpent", "serializer of proxies, by its plugin's name"),
    ConfigItem(
        "SERIALIZERS_ACCEPTED",
        ("serpent", "json", "msgpack"),
        "serializers that a daemon accepts, besides its own SERIALIZER",
    ),
    ConfigItem("HANDSHAKE_VALIDATORS", (), "handshake validators of daemons; all must agree"),
    ConfigItem(
        "HANDSHAKE_RESPONDERS", ("shared-secret",), "validators whose challenges proxies answer, if they can"
    ),
    ConfigItem("HANDSHAKE_PROOFS", (), "validators for which proxies insist on a daemon's proof"),
    ConfigItem("CALL_OBSERVERS", (), "call observers of daemons and proxies, by their plugins' names"),
    ConfigItem("RESOURCE_TRACKER", "weak", "resource tracker of daemons, by its plugin's name"),
    ConfigItem("COMPRESSION", False, "compress large payloads"),
    ConfigItem("COMMTIMEOUT", 0.0, "seconds to wait for the other side; 0 for ever", 0),
    ConfigItem("POLLTIMEOUT", 2.0, "seconds after which an idle server looks at its loop condition", 0),
    ConfigItem("SHUTDOWN_TIMEOUT", 5.0, "seconds that running calls get when a daemon shuts down", 0),
    ConfigItem("MAX_RETRIES", 0, "how often a proxy repeats a call whose connection broke", 0),
    ConfigItem("MAX_MESSAGE_SIZE", 1 << 30, "bytes of the largest message to send or receive", 1, _MOST),
    ConfigItem(
        "MAX_HANDSHAKE_SIZE", 64 << 10, "bytes of the largest message from a peer not yet accepted", 1, _MOST
    ),
    ConfigItem("DAEMON_INFO", True, "tell any client which objects a daemon serves, and where"),
    ConfigItem("SEND_TRACEBACK", True, "send clients the tracebacks of exceptions that methods raise"),
    ConfigItem("DETAILED_TRACEBACK", False, "show local variables in the tracebacks that clients get"),
    ConfigItem("ITER_STREAMING", True, "let methods return iterators, which clients then consume remotely"),
    ConfigItem("ITER_STREAM_LIFETIME", 0.0, "seconds after which a remote iterator ends; 0 for never", 0),
    ConfigItem(
        "ITER_STREAM_PREFETCH",
        -1,
        "items taken from an iterator before its client asks; 0 for none, -1 for 64 where that is safe",
        -1,
    ),
    ConfigItem("ITER_STREAMS_PER_CLIENT", 1000, "remote iterators that a client may have open; 0 for any", 0),
    ConfigItem("ITER_STREAM_LINGER", 30.0, "seconds that a remote iterator outlives its connection", 0),
    ConfigItem(
        "LOGFILE",
        "pyro5.log",
        "file to log to, {stderr} for standard error; the variable counts when pyroplug.api is imported",
    ),
    ConfigItem(
        "LOGLEVEL",
        None,
        "level of what is logged to LOGFILE; the variable counts when pyroplug.api is imported",
    ),
    ConfigItem("LOGWIRE", False, "log every message, at the level DEBUG of the logger pyroplug.wire"),
)
