"""The kinds of plugins that can be made: a row each, and a folder of templates."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["KINDS", "NewKind"]


class NewKind(NamedTuple):
    """One kind of plugin.

    :ivar provides: what its plugins provide, as a list of plugins names that; empty if it has no name there.
    :ivar summary: one line about the example, for the distribution.
    :ivar offers: all that the example provides, by kind, as the suite for plugins wants to know it.
    :ivar usage: how the example is used, in Markdown.
    """

    provides: str
    summary: str
    offers: str
    usage: str


KINDS = {
    "serializer": NewKind(
        "serializer",
        "The serializer $name for pyroplug: JSON that also carries bytes",
        '{"serializer": ["$name"]}',
        "Both ends need it. A client chooses it, and a daemon has to accept it:\n\n"
        '```python\nproxy._pyroSerializer = "$name"\n```\n\n'
        "```console\n$$ PYRO_SERIALIZERS_ACCEPTED=serpent,$name python server.py\n```",
    ),
    "transport": NewKind(
        "transport",
        "The transport $name for pyroplug: Unix sockets",
        '{"transport": ["$name"]}',
        "Both ends need it. A daemon listens at a path:\n\n"
        '```python\nwith Daemon(listen="./$name:/run/user/1000/shop.sock") as daemon:\n'
        '    print(daemon.register(Shop, "shop"))\n```\n\n'
        "and a client names the same location: `PYRO:shop@./$name:/run/user/1000/shop.sock`.",
    ),
    "server-model": NewKind(
        "server model",
        "The server model $name for pyroplug: a thread for each connection",
        '{\n        "server": ["$name"],\n        "config-item": ["${upper}_CONNECTIONS"],\n    }',
        "A daemon is served by it where the configuration says so:\n\n"
        "```console\n$$ PYRO_SERVERTYPE=$name python server.py\n```\n\n"
        "`PYRO_${upper}_CONNECTIONS` is how many connections it takes at a time.",
    ),
    "handshake-validator": NewKind(
        "handshake validator",
        "The handshake validator $name for pyroplug: lets clients in that know a token",
        '{\n        "handshake-validator": ["$name"],\n        "config-item": ["${upper}_TOKENS"],\n    }',
        "A daemon asks it where the configuration says so:\n\n"
        "```console\n$$ export PYRO_${upper}_TOKENS=first-token,second-token\n"
        "$$ PYRO_HANDSHAKE_VALIDATORS=$name python server.py\n```\n\n"
        'A client sends its token when it connects: `proxy._pyroHandshake = "first-token"`.\n'
        "Look-ups and pyroplug's commands send none, so that a name server would refuse them: there,\n"
        "have `validate` return a challenge, and name `$name` in `HANDSHAKE_RESPONDERS` of clients.",
    ),
    "resource-tracker": NewKind(
        "resource tracker",
        "The resource tracker $name for pyroplug: logs what clients leave behind",
        '{"resource-tracker": ["$name"]}',
        "A daemon uses it where the configuration says so:\n\n"
        "```console\n$$ PYRO_RESOURCE_TRACKER=$name python server.py\n```",
    ),
    "call-observer": NewKind(
        "call observer",
        "The call observer $name for pyroplug: logs calls that take long, and calls that fail",
        '{\n        "call-observer": ["$name"],\n        "config-item": ["${upper}_SECONDS"],\n    }',
        "A program's daemons and proxies tell it of their calls where the configuration says so:\n\n"
        "```console\n$$ PYRO_CALL_OBSERVERS=$name python server.py\n```\n\n"
        "`PYRO_${upper}_SECONDS` is from which on a call takes long.",
    ),
    "name-service": NewKind(
        "name service",
        "The name service $name for pyroplug: looks names up in a file",
        '{\n        "name-service": ["$name"],\n        "config-item": ["${upper}_FILE"],\n    }',
        "A program's proxies look names up with it where the configuration says so:\n\n"
        "```console\n$$ PYRO_NAME_SERVICE=$name PYRO_${upper}_FILE=names.json python client.py\n```\n\n"
        'The file is JSON: `{"shop": "PYRO:shop@192.168.1.5:4711"}` is what `PYRONAME:shop` stands for.',
    ),
    "name-storage": NewKind(
        "name storage",
        "The name storage $name for pyroplug: a JSON file",
        '{"name-storage": ["$name"]}',
        "A name server keeps its names in it where it is told to:\n\n"
        "```console\n$$ pyroplug ns --storage $name:names.json\n```",
    ),
    "command": NewKind(
        "",
        "The command pyroplug $name: lists what a remote object offers",
        "{}",
        "```console\n$$ pyroplug $name PYRO:greeter@localhost:7766\n```",
    ),
}
"""By the name of the folder with its templates."""
