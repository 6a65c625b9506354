"""A scripted HTTP/1.1 origin: the last segment of a request's path says how it behaves.

`/fhir/DocumentReference/p1.bytes-1024` and `/fhir/Patient/p1/$bytes-1024` answer 1,024 bytes; see
`Behaviours` for all of them. Everything that was received is recorded. As a program
(`origin.py REGION NAME ROLE`) it prints its port and serves until it is killed.
"""

import json
import socket
import threading

if __name__ == "__main__":
    import sys
    sys.path.insert(0, __file__.rsplit("/", 2)[0])
from harness.behaviours import Behaviours, Cut, fields, reset
from harness.fhir import Answers
from harness.listening import Listening


class Request:
    """One request as it arrived."""

    def __init__(self, method, target, headers, connection, index):
        self.method = method
        self.target = target
        #: (name, value) in order, names in lower case.
        self.headers = headers
        #: The number of the connection, and how many requests it had carried before.
        self.connection, self.index = connection, index
        self.trailers = []
        self.body_count = 0
        self.body_sha256 = None
        #: Whether the body came to its end.
        self.is_complete = False
        #: Whether the behaviour has ended, and whether the peer cut it short.
        self.is_over, self.is_cut = False, False
        #: Body bytes of the answer that the kernel took.
        self.sent_count = 0

    def header(self, name):
        """The value of a field; None when it is absent."""
        return next((value for key, value in self.headers if key == name), None)

    def values(self, name):
        """All values of a field."""
        return [value for key, value in self.headers if key == name]

    @property
    def behaviour(self):
        """The behaviour's name and arguments."""
        segment = self.target.split("?")[0].rsplit("/", 1)[-1]
        word = segment[1:] if segment.startswith("$") else segment.partition(".")[2]
        name, *arguments = (word or "echo").split("-")
        return name, [int(argument) for argument in arguments]


class Origin(Listening, Behaviours, Answers):
    """An endpoint of a region; starts serving at once."""

    def __init__(self, region, name=None, role="primary", homes=()):
        self.region, self.name, self.role = region, name or f"{region}-1", role
        #: The other regions whose records it holds copies of.
        self.homes = homes
        self.lag_milliseconds = 0
        #: A behaviour and its numbers that every request meets in place of the one that it names.
        self.instead = None
        self.lock = threading.Condition()
        self.requests = []
        #: What `gated`, `delayed` and `slowly` wait for; `release` fills it.
        self._permits = 0
        self._connections = {}
        self._connection_count = 0
        self.start()

    def kill(self):
        """Refuses and resets everything, as when the process dies."""
        with self.lock:
            listener, self._listener = self._listener, None
            connections = list(self._connections.values())
        if listener:
            self._close(listener)
        for connection in connections:
            reset(connection)

    def release(self, count=1):
        """Lets waiting behaviours take `count` steps."""
        with self.lock:
            self._permits += count
            self.lock.notify_all()

    def forget(self):
        """Empties the record of requests and takes unused permits back."""
        with self.lock:
            self.requests.clear()
            self._permits = 0

    def seen(self, text):
        """The recorded requests whose target contains `text`."""
        with self.lock:
            return [request for request in self.requests if text in request.target]

    def under_way(self):
        """How many behaviours have not ended."""
        with self.lock:
            return sum(not request.is_over for request in self.requests)

    def connection_count(self):
        """Connections that are open now."""
        with self.lock:
            return len(self._connections)

    def close_connections(self):
        """Ends all connections politely, as a server does whose idle timeout is short."""
        with self.lock:
            for connection in self._connections.values():
                connection.shutdown(socket.SHUT_RDWR)

    # Connections.

    def _took(self, connection, listener):
        with self.lock:
            if self._listener is not listener:
                reset(connection)
                return
            self._connection_count += 1
            number = self._connection_count
            self._connections[number] = connection
        threading.Thread(target=self._serve, args=(number, connection), daemon=True).start()

    def _serve(self, number, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = connection.makefile("rb", 1 << 16)
        index = 0
        try:
            while self._exchange(number, connection, reader, index):
                index += 1
        except (Cut, OSError, ValueError):
            pass
        finally:
            with self.lock:
                del self._connections[number]
                self.lock.notify_all()
            try:
                reader.close()
                connection.close()
            except OSError:
                pass

    def _exchange(self, number, connection, reader, index):
        """One request and its answer; whether another may follow."""
        line = reader.readline(1 << 20)
        if not line:
            return False
        method, target, _ = line.decode("latin-1").split(" ")
        headers = fields(reader)
        request = Request(method, target, headers, number, index)
        if target == "/health":
            self._answer(connection, request, 200, self._report(), "application/json")
            return True
        with self.lock:
            self.requests.append(request)
        try:
            behaviour, arguments = self._behaviour(request)
            if behaviour is None:
                self._receive(request, reader)
                self._answer(connection, request, 404, b"no such behaviour")
                return True
            return behaviour(connection, request, reader, *arguments) is not False
        except (Cut, OSError):
            request.is_cut = True
            raise
        finally:
            with self.lock:
                request.is_over = True
                self.lock.notify_all()

    def _behaviour(self, request):
        """How a request is answered, None for not at all, and what else that needs to know."""
        name, *arguments = self.instead or [request.behaviour[0], *request.behaviour[1]]
        return getattr(self, f"_do_{name}", None), arguments

    def _report(self):
        return json.dumps({
            "region": self.region, "name": self.name, "role": self.role, "epoch": 1, "position": 1,
            "lag_ms": self.lag_milliseconds, "status": "ok",
            "homes": {home: {"position": 1, "lag_ms": self.lag_milliseconds}
                      for home in {self.region, *self.homes}}}).encode()


if __name__ == "__main__":
    print(Origin(*sys.argv[1:4], homes=sys.argv[4:]).port, flush=True)
    threading.Event().wait()
