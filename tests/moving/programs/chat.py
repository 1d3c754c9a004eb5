"""A chat: the server calls its clients back, in daemons of theirs."""

import sys
import threading

from Pyro5.api import Daemon, Proxy, behavior, callback, config, expose, oneway

config.SERIALIZER = "msgpack"
config.MAX_RETRIES = 1  # a callback's exception closes its connection


@expose
@behavior(instance_mode="single")
class Room:
    def __init__(self):
        self._members = {}

    def join(self, name, member):
        if name in self._members:
            raise ValueError(f"{name} is here already")
        self._members[name] = member
        self._publish("room", f"{name} joined")
        return sorted(self._members)

    def say(self, name, text):
        self._publish(name, text)

    def leave(self, name):
        del self._members[name]
        self._publish("room", f"{name} left")

    def ask(self, name, question):
        member = self._members[name]
        member._pyroClaimOwnership()
        return member.answer(question)

    @oneway
    def end(self):
        self._pyroDaemon.shutdown()

    def _publish(self, name, text):
        for member in self._members.values():
            member._pyroClaimOwnership()
            member.hear(name, text)


class Member:
    def __init__(self, name):
        self.name = name
        self._heard = []

    @expose
    def hear(self, name, text):
        self._heard.append(f"{name}: {text}")

    @expose
    @callback
    def answer(self, question):
        if question == "why":
            raise LookupError(f"{self.name} does not know")
        return f"{self.name} says yes"


def server():
    with Daemon() as daemon:
        print("ready", daemon.register(Room, "room"), flush=True)
        daemon.requestLoop()


def client(uri):
    with Daemon() as daemon:
        ann, bob = Member("ann"), Member("bob")
        daemon.register(ann)
        daemon.register(bob)
        thread = threading.Thread(target=daemon.requestLoop)
        thread.start()
        with Proxy(uri) as room:
            print(room.join("ann", ann))
            print(room.join("bob", bob))
            try:
                room.join("bob", bob)
            except ValueError as error:
                print("refused:", error)
            room.say("ann", "hello")
            print(room.ask("bob", "will you come"))
            try:
                room.ask("bob", "why")
            except LookupError as error:
                print("an answer:", error)
            room.leave("ann")
            room.say("bob", "alone")
            room.end()
        daemon.shutdown()
        thread.join()
    for member in (ann, bob):
        print(member.name, member._heard)


globals()[sys.argv[1]](*sys.argv[2:])
