"""A server with an event loop of its own, which serves two daemons and a socket of another kind."""

import select
import socket
import sys

import Pyro5.api


@Pyro5.api.expose
class Light:
    def __init__(self, name):
        self._name = name
        self.on = False

    def switch(self):
        self.on = not self.on
        return f"{self._name} is {'on' if self.on else 'off'}"


def server():
    one, two = Pyro5.api.Daemon(), Pyro5.api.Daemon(host="127.0.0.1")
    commands = socket.create_server(("127.0.0.1", 0))
    uris = [one.register(Light("kitchen"), "light"), two.register(Light("hall"), "light")]
    print("ready", *uris, commands.getsockname()[1], flush=True)
    going_on = True
    while going_on:
        sockets = [*one.sockets, *two.sockets, commands]
        ready, _, _ = select.select(sockets, [], [], 5)
        if commands in ready:
            ready.remove(commands)
            with commands.accept()[0] as connection:
                command = connection.recv(100).decode()
                print("command:", command)
                going_on = command != "stop"
                connection.sendall(b"done")
        for daemon in (one, two):
            mine = [sock for sock in ready if sock in daemon.sockets]
            if mine:
                daemon.events(mine)
    commands.close()
    one.close()
    two.close()
    print("dark")


def command(port, text):
    with socket.create_connection(("127.0.0.1", int(port))) as connection:
        connection.sendall(text.encode())
        return connection.recv(100).decode()


def client(kitchen, hall, port):
    with Pyro5.api.Proxy(kitchen) as kitchen, Pyro5.api.Proxy(hall) as hall:
        print(kitchen.switch(), hall.switch())
        print(command(port, "look"))
        print(kitchen.switch(), hall.switch(), hall.switch())
        for proxy in (kitchen, hall):
            proxy._pyroRelease()
        print(kitchen.switch())
    print(command(port, "stop"))


globals()[sys.argv[1]](*sys.argv[2:])
