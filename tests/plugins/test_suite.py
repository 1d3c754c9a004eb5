"""The built-in plugins pass the suite that every plugin has to pass, each as a whole."""

from __future__ import annotations

from typing import Any, ClassVar

from pyroplug.plugins import PluginSet
from pyroplug.testing import PluginSuite


class TestSerpent(PluginSuite):
    plugin = "serpent"
    provides: ClassVar[Any] = {"serializer": ["serpent"], "config-item": ["SERPENT_BYTES_REPR"]}


class TestMarshal(PluginSuite):
    plugin = "marshal"
    provides: ClassVar[Any] = {"serializer": ["marshal"]}


class TestJson(PluginSuite):
    plugin = "json"
    provides: ClassVar[Any] = {"serializer": ["json"]}


class TestMsgpack(PluginSuite):
    plugin = "msgpack"
    provides: ClassVar[Any] = {"serializer": ["msgpack"]}


class TestHandshake(PluginSuite):
    plugin = "handshake"
    provides: ClassVar[Any] = {
        "handshake-validator": ["allow-networks", "client-certificate", "peer-credentials", "shared-secret"],
        "config-item": [
            "HANDSHAKE_ALLOWED_NETWORKS",
            "HANDSHAKE_ALLOWED_USERS",
            "HANDSHAKE_ALLOWED_GROUPS",
            "HANDSHAKE_CERTIFICATE_NAMES",
            "HANDSHAKE_SECRET",
            "HANDSHAKE_PLAIN_TOKEN",
        ],
    }


class TestGateway(PluginSuite):
    plugin = "gateway"
    provides: ClassVar[Any] = {
        "config-item": [
            "GATEWAY_EXPOSE",
            "GATEWAY_OBJECTS",
            "GATEWAY_NAMESERVER",
            "GATEWAY_KEY",
            "GATEWAY_CORS",
            "GATEWAY_HOSTS",
            "GATEWAY_TIMEOUT",
            "GATEWAY_GET_CALLS",
            "GATEWAY_TRACEBACKS",
            "GATEWAY_CACHE_TIME",
            "GATEWAY_CONNECTIONS",
            "GATEWAY_CONNECTIONS_PER_OBJECT",
            "GATEWAY_IDLE_TIME",
            "GATEWAY_STREAMS",
            "GATEWAY_MAX_BODY",
            "GATEWAY_MAX_DEPTH",
        ],
    }


class TestDoctor(PluginSuite):
    plugin = "doctor"
    provides: ClassVar[Any] = {}


class TestTools(PluginSuite):
    plugin = "tools"
    provides: ClassVar[Any] = {}


class TestNameserver(PluginSuite):
    plugin = "nameserver"
    provides: ClassVar[Any] = {
        "name-service": ["pyro"],
        "name-storage": ["memory", "sql"],
        "config-item": [
            "NS_LEASE",
            "NS_MAX_NAMES",
            "NS_MAX_NAMES_PER_CLIENT",
            "NS_MAX_SIZE_PER_CLIENT",
            "NS_MAX_LENGTH",
            "NS_MAX_TAGS",
        ],
    }


class TestObservers(PluginSuite):
    plugin = "observers"
    provides: ClassVar[Any] = {"call-observer": ["call-log"]}


class TestResources(PluginSuite):
    plugin = "resources"
    provides: ClassVar[Any] = {
        "resource-tracker": ["weak", "ordered", "limited"],
        "config-item": ["MAX_RESOURCES_PER_CONNECTION"],
    }


class TestServers(PluginSuite):
    plugin = "servers"
    provides: ClassVar[Any] = {
        "server": ["threadpool", "multiplex"],
        "config-item": [
            "THREADPOOL_SIZE",
            "THREADPOOL_SIZE_MIN",
            "ONEWAY_THREADS",
            "MAX_CONNECTIONS",
            "MAX_GREETINGS",
            "HANDSHAKE_TIMEOUT",
            "MESSAGE_TIMEOUT",
        ],
    }


class TestTransports(PluginSuite):
    plugin = "transports"
    provides: ClassVar[Any] = {
        "transport": ["tcp", "unix", "socketpair"],
        "config-item": [
            "SOCK_REUSE",
            "SOCK_NODELAY",
            "PREFER_IP_VERSION",
            "UNIX_SOCKET_MODE",
            "SSL",
            "SSL_SERVERCERT",
            "SSL_SERVERKEY",
            "SSL_SERVERKEYPASSWD",
            "SSL_REQUIRECLIENTCERT",
            "SSL_CLIENTCERT",
            "SSL_CLIENTKEY",
            "SSL_CLIENTKEYPASSWD",
            "SSL_CACERTS",
        ],
    }


def test_none_is_forgotten() -> None:
    ours = {record.name for record in PluginSet(load=False).records if record.distribution == "pyroplug"}
    tried = {suite.plugin for suite in PluginSuite.__subclasses__() if suite.__module__ == __name__}
    assert tried == ours
