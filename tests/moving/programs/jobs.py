"""A queue of jobs: generators, batches, one-way calls, objects that are made on demand."""

import sys
import threading

import Pyro5.api


@Pyro5.api.expose
class Job:
    def __init__(self, number, words):
        self._number, self._words = number, words

    @property
    def number(self):
        return self._number

    def run(self):
        for word in self._words:
            yield word.upper()

    def discard(self):
        self._pyroDaemon.unregister(self)


@Pyro5.api.expose
class Queue:
    def __init__(self):
        self._jobs = []
        self._notes = []
        self._noted = threading.Condition()

    def add(self, *words):
        job = Job(len(self._jobs), words)
        self._jobs.append(job)
        self._pyroDaemon.register(job)
        return job

    def length(self):
        return len(self._jobs)

    def square(self, number):
        if number < 0:
            raise ValueError("negative", number)
        return number * number

    def countdown(self, start):
        while start:
            yield start
            start -= 1
        raise ArithmeticError("lift off")

    @property
    def words(self):
        return iter(["a", "property", "that", "flows"])

    @Pyro5.api.oneway
    def note(self, text):
        with self._noted:
            self._notes.append(text)
            self._noted.notify_all()

    def notes(self, count):
        with self._noted:
            self._noted.wait_for(lambda: len(self._notes) >= count, 20)
            return sorted(self._notes)

    @Pyro5.api.oneway
    def stop(self):
        self._pyroDaemon.shutdown()


def server():
    daemon = Pyro5.api.Daemon()
    print("ready", daemon.register(Queue(), "queue"), flush=True)
    daemon.requestLoop()
    daemon.close()


def client(uri):
    queue = Pyro5.api.Proxy(uri)
    first, second = queue.add("one", "two"), queue.add("three")
    print(type(first).__name__, first.number, second.number, queue.length())
    print(list(first.run()), [word for word in second.run()], list(queue.words))

    numbers = queue.countdown(3)
    try:
        for number in numbers:
            print(number)
    except ArithmeticError as error:
        print("at the end:", error)
    numbers = queue.countdown(1000)
    print(next(numbers), next(numbers))
    numbers.close()
    try:
        next(numbers)
    except StopIteration:
        print("closed")

    batch = Pyro5.api.BatchProxy(queue)
    for number in (2, 3, -1, 4):
        print(batch.square(number), end=" ")
    results = batch()
    print(next(results), next(results))
    try:
        next(results)
    except ValueError as error:
        print("in the batch:", error.args)
    print(list(results))
    batch = Pyro5.api.BatchProxy(queue)
    batch.square(5)
    batch.length()
    print(list(batch()))
    batch = Pyro5.api.BatchProxy(queue)
    batch.note("from a batch")
    print(batch(oneway=True))
    print(queue.note("alone"), queue.notes(2))
    queue._pyroOneway.clear()
    print(queue.note("waited for"), queue.notes(3))

    second.discard()
    try:
        second.number
    except Pyro5.errors.PyroError as error:
        print("discarded:", "unknown object" in str(error))
    queue._pyroOneway.add("stop")
    queue.stop()
    for proxy in (first, second, queue):
        proxy._pyroRelease()


globals()[sys.argv[1]](*sys.argv[2:])
