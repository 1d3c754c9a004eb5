"""Everything that can be wrong: the likely cause, and what to do about it, in one table.

In braces are facts of the finding.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

__all__ = ["REMEDIES", "Fault", "Remedy", "remedy_for"]


class Fault(str, Enum):
    """What is wrong, by a name that programs can rely on."""

    # names
    NAME_SERVER_NOT_FOUND = "name-server-not-found"
    NAME_UNKNOWN = "name-unknown"
    NAME_UNUSABLE = "name-unusable"
    STALE_REGISTRATION = "stale-registration"
    PUBLISHED_ELSEWHERE = "published-elsewhere"
    # addresses
    LOOPBACK = "loopback"
    WILDCARD = "wildcard"
    LINK_LOCAL = "link-local"
    HOST_UNKNOWN = "host-unknown"
    HOST_IS_LOOPBACK = "host-is-loopback"
    NAME_SERVICE_SILENT = "name-service-silent"
    # ports
    ONE_IP_VERSION = "one-ip-version"
    REFUSED = "refused"
    FILTERED = "filtered"
    UNREACHABLE = "unreachable"
    # sockets of this machine, and transports of others
    SOCKET_MISSING = "socket-missing"
    NO_SOCKET = "no-socket"
    SOCKET_FORBIDDEN = "socket-forbidden"
    SOCKET_ABANDONED = "socket-abandoned"
    NO_TRANSPORT = "no-transport"
    # TLS
    TLS_ONLY = "tls-only"
    NO_TLS = "no-tls"
    CERTIFICATE_UNTRUSTED = "certificate-untrusted"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_FOR_ANOTHER_HOST = "certificate-for-another-host"
    CLIENT_CERTIFICATE = "client-certificate"
    TLS_FAILED = "tls-failed"
    # who is there
    NOT_PYRO = "not-pyro"
    PYRO4 = "pyro4"
    OTHER_VERSION = "other-version"
    SILENT = "silent"
    CLOSED = "closed"
    # Pyro
    HANDSHAKE_REFUSED = "handshake-refused"
    SERVER_BUSY = "server-busy"
    PROOF_MISSING = "proof-missing"
    MISCONFIGURED = "misconfigured"
    SERIALIZER_REFUSED = "serializer-refused"
    SERIALIZER_MISSING = "serializer-missing"
    CALL_FAILED = "call-failed"
    OBJECT_UNKNOWN = "object-unknown"
    EXPOSES_NOTHING = "exposes-nothing"


class Remedy(NamedTuple):
    """What people are told of a fault."""

    cause: str
    remedy: str


REMEDIES: Mapping[Fault, Remedy] = {
    Fault.NAME_SERVER_NOT_FOUND: Remedy(
        "no name server runs where it was looked for, or a firewall keeps it from being seen",
        "start one (pyroplug ns -n HOST), say where it is (--host and --port here, NS_HOST and NS_PORT in "
        "programs), or use the object's direct address, PYRO:...; broadcasts do not pass routers",
    ),
    Fault.NAME_UNUSABLE: Remedy(
        "the name is registered with something that does not lead to an object from here",
        "register it with the object's own address, PYRO:... (pyroplug nsc register --replace)",
    ),
    Fault.NAME_UNKNOWN: Remedy(
        "the server has not registered it (yet), with another name, or with another name server",
        "look at the server's log, at what the name server has (pyroplug nsc list), and at the spelling",
    ),
    Fault.STALE_REGISTRATION: Remedy(
        "the server has ended, and its name has stayed; or it listens elsewhere than it has published",
        "start the server again; remove the name (pyroplug nsc remove); a name server with NS_AUTOCLEAN "
        "removes such names by itself",
    ),
    Fault.PUBLISHED_ELSEWHERE: Remedy(
        "the server runs at {instead}, and has published {location}, which does not lead to it from here: "
        "it may be behind a router, or know itself by an address of another network",
        "start the server's daemon with the host by which clients reach it: HOST, or nathost and natport "
        "(NATHOST, NATPORT) behind a router, which has to forward that port",
    ),
    Fault.LOOPBACK: Remedy(
        "a loopback address exists for each machine by itself: from any other one nobody reaches this {what}",
        "if clients are on other machines, start it with an address that they see: HOST (for a name server "
        "pyroplug ns -n HOST), such as this machine's own name, or 0.0.0.0 for all its addresses",
    ),
    Fault.WILDCARD: Remedy(
        "{host} means all addresses of whoever listens; as an address to connect to it leads to the client's "
        "own machine, if anywhere",
        "have the server publish an address: nathost (NATHOST) names one, or start it with one for its host",
    ),
    Fault.LINK_LOCAL: Remedy(
        "the address is valid on one network cable alone, and names no network card",
        "have the server publish another one of its addresses: HOST, or nathost (NATHOST)",
    ),
    Fault.HOST_UNKNOWN: Remedy(
        "this machine's name service does not know the host {host}",
        "check the spelling; add it to the DNS or to the hosts file; or have the server publish its IP "
        "address: HOST, or nathost (NATHOST)",
    ),
    Fault.HOST_IS_LOOPBACK: Remedy(
        "here {host} means this machine itself; on the server's machine the hosts file may say the same, and "
        "then the server listens for that machine alone",
        "remove the name from the line with 127.0.0.1 or 127.0.1.1 in the hosts file, or start the server "
        "with an IP address for HOST",
    ),
    Fault.NAME_SERVICE_SILENT: Remedy(
        "the DNS servers that this machine asks do not answer",
        "check this machine's network; an IP address in place of the host name needs no DNS",
    ),
    Fault.ONE_IP_VERSION: Remedy(
        "the host has addresses of both IP versions, and the server listens on one of them: clients that try "
        "the other one first lose time, or fail",
        "have the server listen on both (Daemon(listen=[...])), or set PREFER_IP_VERSION to {works} where "
        "clients run",
    ),
    Fault.REFUSED: Remedy(
        "the machine is there, and nobody listens at that port: the server is not running, or listens at "
        "another port or address of the machine; some firewalls refuse, too",
        "start the server, and compare the URI that it prints with this one; give it a fixed port if its URI "
        "is written down somewhere; if it listens on localhost only, start it with another HOST",
    ),
    Fault.FILTERED: Remedy(
        "a firewall or packet filter drops what is sent there, the machine is down, or the server is so "
        "overloaded that it takes no new connections",
        "open port {port} in the firewalls on the way (a fixed port makes that possible); try ping, and try "
        "from the server's own machine: what works there and not here is the network's doing",
    ),
    Fault.UNREACHABLE: Remedy(
        "no route leads to that address: the machine is in another network, or behind a NAT router",
        "check this machine's network; behind a router the server needs nathost and natport (NATHOST, "
        "NATPORT), and the router has to forward the port",
    ),
    Fault.SOCKET_MISSING: Remedy(
        "the server is not running, it runs on another machine or in another container, or the path is wrong",
        "start the server, and compare the path with that of the URI that it prints",
    ),
    Fault.NO_SOCKET: Remedy(
        "the path is that of something else than a socket",
        "compare the path with that of the URI that the server prints",
    ),
    Fault.SOCKET_FORBIDDEN: Remedy(
        "this user may not write to the socket file, or not enter its folder",
        "UNIX_SOCKET_MODE of the server sets the file's permissions: 660 lets in its group, 666 everybody; "
        "the folders above have to be accessible, too",
    ),
    Fault.SOCKET_ABANDONED: Remedy(
        "the server has ended, and its socket file has stayed",
        "start the server again: it replaces the file",
    ),
    Fault.NO_TRANSPORT: Remedy(
        "no plugin is installed here for addresses of that kind",
        "install the one that the server uses; pyroplug list-plugins --kind transport shows what there is",
    ),
    Fault.TLS_ONLY: Remedy(
        "the server speaks TLS, and this client does not",
        "set SSL to True for the client (PYRO_SSL=true), and SSL_CACERTS to the file with the certificates "
        "that it trusts",
    ),
    Fault.NO_TLS: Remedy(
        "the client speaks TLS, as SSL is on, and the server does not",
        "set SSL and SSL_SERVERCERT on the server's side; or SSL to False on this one, if nobody else is on "
        "the network",
    ),
    Fault.CERTIFICATE_UNTRUSTED: Remedy(
        "the server's certificate was issued by somebody who is not trusted here",
        "set SSL_CACERTS to the file with the certificate of who has issued it; of a self-signed one that is "
        "the certificate itself",
    ),
    Fault.CERTIFICATE_EXPIRED: Remedy(
        "the server's certificate is not valid at this time, or a clock is wrong",
        "renew it: the server takes a new file without being restarted; check the clocks of both machines",
    ),
    Fault.CERTIFICATE_FOR_ANOTHER_HOST: Remedy(
        "the server's certificate is for other host names than {host}",
        "connect by a name that it lists (HOST and nathost say which one is published), or have one issued "
        "that lists {host}",
    ),
    Fault.CLIENT_CERTIFICATE: Remedy(
        "the server lets in only clients with a certificate that it trusts",
        "SSL_CLIENTCERT and SSL_CLIENTKEY name this side's; its issuer has to be in the server's SSL_CACERTS",
    ),
    Fault.TLS_FAILED: Remedy(
        "the two sides cannot agree on TLS",
        "both need TLS 1.2 or later, and SSL on; the server's log has its side of it",
    ),
    Fault.NOT_PYRO: Remedy(
        "{who} listens there, and no Pyro server",
        "check host and port against the URI that the server prints; the server may have got another port",
    ),
    Fault.PYRO4: Remedy(
        "the server is one of Pyro4, whose protocol is another one",
        "use Pyro4 on this side too, or move the server to Pyro5 or pyroplug",
    ),
    Fault.OTHER_VERSION: Remedy(
        "the server speaks version {version} of the protocol, and this side {ours}",
        "install releases that fit together on both sides",
    ),
    Fault.SILENT: Remedy(
        "whoever listens there takes connections and says nothing: a server that hangs, or has all its "
        "threads or connections in use; or no Pyro server at all",
        "look at the server's log and load; THREADPOOL_SIZE and MAX_CONNECTIONS limit how many clients it "
        "serves at once; a longer --timeout tells slow from dead",
    ),
    Fault.CLOSED: Remedy(
        "whoever listens there closes connections at once: a proxy or firewall with nobody behind it, a "
        "server that is at its limit or closing; or no Pyro server at all",
        "look at the server's log; try from the server's own machine",
    ),
    Fault.HANDSHAKE_REFUSED: Remedy(
        "the server's rules about who may connect do not let this client in",
        "do as the reason says; a server's HANDSHAKE_VALIDATORS and validateHandshake make the rules; a "
        "client's secret is HANDSHAKE_SECRET, and other validators answer where HANDSHAKE_RESPONDERS "
        "names them (the doctor itself says the usual 'hello', and nothing else)",
    ),
    Fault.SERVER_BUSY: Remedy(
        "the server has no place for another client now, or is closing",
        "try again later; MAX_CONNECTIONS and THREADPOOL_SIZE on the server limit how many it serves at once",
    ),
    Fault.PROOF_MISSING: Remedy(
        "the server does not prove what HANDSHAKE_PROOFS requires here: it is not the right one, or is "
        "configured otherwise",
        "have its daemon use the same handshake validator and secret; it may also be somebody else's server",
    ),
    Fault.MISCONFIGURED: Remedy(
        "the configuration here is unusable",
        "mend what the message names; pyroplug check-config --check shows all of it",
    ),
    Fault.SERIALIZER_REFUSED: Remedy(
        "the client uses the serializer {serializer}, which the server does not accept",
        "set SERIALIZER of the client to one of: {accepted}; or add it to SERIALIZERS_ACCEPTED of the server",
    ),
    Fault.SERIALIZER_MISSING: Remedy(
        "SERIALIZER names one that is not installed here, or whose plugin is broken or blocked",
        "pyroplug list-plugins --kind serializer shows what there is",
    ),
    Fault.CALL_FAILED: Remedy(
        "connecting works, and calling does not: the server hangs, ends, or answers in another way than Pyro "
        "servers do",
        "look at the server's log; PYRO_LOGWIRE=true and PYRO_LOGLEVEL=DEBUG show every message on both",
    ),
    Fault.OBJECT_UNKNOWN: Remedy(
        "the daemon runs, and serves no object with that id (any more): it has another id, or the server was "
        "started anew, and ids that it makes up itself change each time",
        "compare the URI with the one that the server prints; register the object with an id of its own; or "
        "use names",
    ),
    Fault.EXPOSES_NOTHING: Remedy(
        "the object's class has no method or property that clients may use",
        "put @expose on the class, or on its methods and properties; names with a leading underscore stay "
        "private",
    ),
}


class _Facts(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"the {key}"


def remedy_for(fault: Fault, facts: Mapping[str, Any]) -> Remedy:
    """Cause and remedy of a fault."""
    found = REMEDIES[fault]
    told = _Facts({key: ", ".join(map(str, it)) if isinstance(it, list) else it for key, it in facts.items()})
    return Remedy(found.cause.format_map(told), found.remedy.format_map(told))
