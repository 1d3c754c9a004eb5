"""Objects of one's own classes as arguments and results, with functions of the deeper modules."""

import sys

import Pyro5.errors
import Pyro5.serializers
from figures import Figure, Home, Square, install, uninstall
from Pyro5.client import Proxy
from Pyro5.core import DAEMON_NAME, URI, type_meta
from Pyro5.protocol import FLAGS_ONEWAY, MSG_INVOKE, PROTOCOL_VERSION
from Pyro5.server import Daemon, expose, is_private_attribute


@expose
class Drawing:
    def __init__(self):
        self._figures = []

    def add(self, figure):
        self._figures.append(figure)
        return repr(figure)

    def figures(self):
        return self._figures

    def doubled(self, figure):
        return type(figure)([2 * side for side in figure.sides])

    def home(self):
        return Home(self._pyroDaemon.uriFor(self))

    def stop(self):
        self._pyroDaemon.shutdown()


def server():
    install()
    with Daemon() as daemon:
        print("ready", daemon.register(Drawing(), "drawing"), flush=True)
        daemon.requestLoop()


def client(uri):
    install()
    for serializer in ("serpent", "json", "msgpack"):
        with Proxy(uri) as drawing:
            drawing._pyroSerializer = serializer
            print(drawing.add(Square([2, 2])), drawing.add(Figure([1, 2, 3])))
            print(drawing.doubled(Square([4, 4])) == Square([8, 8]), drawing.figures()[-2:])
            print(drawing.home().uri == URI(uri), type(drawing.home()).__name__)
        one = Pyro5.serializers.serializers[serializer]
        print(one.loads(one.dumps({"a": Square([1, 1])})), one.serializer_id)
        print(Pyro5.serializers.serializers_by_id[one.serializer_id] == one)
        print(list(one.loadsCall(one.dumpsCall("object", "method", [1], {"key": "word"}))))
    uninstall()
    print(Pyro5.serializers.SerializerBase.class_to_dict(Square([5, 5])))
    try:
        Pyro5.serializers.SerializerBase.dict_to_class({"__class__": "shapes.Square", "sides": [1]})
    except Pyro5.errors.SerializeError as error:
        print("unknown:", "shapes.Square" in str(error))
    with Proxy(uri) as drawing:
        try:
            drawing.figures()
        except Pyro5.errors.SerializeError:
            print("unreadable here")
    install()
    print(sorted(type_meta(Square)), DAEMON_NAME, PROTOCOL_VERSION, MSG_INVOKE, FLAGS_ONEWAY)
    print([is_private_attribute(name) for name in ("_a", "a", "__len__", "__init__")])
    with Proxy(uri) as drawing:
        drawing.stop()


globals()[sys.argv[1]](*sys.argv[2:])
