"""Faults between the edge and its origins: a wire that can be cut, and HTTP/2 that says no."""

import socket
import struct
import threading

from . import h2, hpack, programs
from .behaviours import reset


class Wire:
    """A TCP relay in front of an origin, whose region and name it bears.

    `stall()` makes it a peer that accepts and says nothing; `mute()` makes it one that does not
    even complete a TCP handshake; `freeze()` leaves what is under way open and carries nothing of it
    any more, as when a machine lost its power; `mend()` makes it whole.
    """

    def __init__(self, origin):
        self.origin, self.region, self.name = origin, origin.region, origin.name
        self._is_stalled = False
        #: Connections up to this number are frozen.
        self._frozen_count = self._count = 0
        self._sockets = []
        self._lock = threading.Lock()
        self.port = 0
        self._listen(512)

    def _listen(self, backlog):
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen(backlog)
        self.port = self._listener.getsockname()[1]
        if backlog:
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self._sockets.append(near)
            if self._is_stalled:
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self.origin.port), 5)
                far.settimeout(None)
            except OSError:
                near.close()
                continue
            with self._lock:
                self._sockets.append(far)
            self._count += 1
            for one, other in ((near, far), (far, near)):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(
                    target=self._copy, args=(one, other, self._count), daemon=True).start()

    def _copy(self, source, target, number):
        try:
            while data := source.recv(1 << 16):
                if number > self._frozen_count:
                    target.sendall(data)
        except OSError:
            pass
        for each in (source, target):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _cut(self):
        """Resets what is under way."""
        with self._lock:
            sockets, self._sockets = self._sockets, []
        for each in sockets:
            try:
                reset(each)
            except OSError:
                pass

    def stall(self):
        """From now on new connections are accepted, and nobody speaks."""
        self._is_stalled = True
        self._cut()

    def freeze(self):
        """What is open now stays open and carries nothing."""
        self._frozen_count = self._count

    def swallow(self):
        """Connections are taken, old and new, and carry nothing any more."""
        self._frozen_count = 1 << 60

    def mute(self):
        """From now on no handshake is completed: the kernel's queue is full and stays so."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._cut()
        self._listen(0)
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self._sockets.append(filler)

    def mend(self):
        """Whole again."""
        self._is_stalled = False
        self._frozen_count = min(self._frozen_count, self._count)
        self._listener.close()
        self._cut()
        self._listen(512)


class H2Origin:
    """A scripted origin that speaks HTTP/2 without TLS.

    `script(index, count)` says what becomes of a request, the `count`th of its connection and the
    `index`th of all, both from 0: `ok`, `refuse`, `leave` (GOAWAY without an error, the request
    left out), `expel` (the same with ENHANCE_YOUR_CALM) or `hang`.
    """

    def __init__(self, region, name=None, role="primary", script=lambda index, count: "ok"):
        self.region, self.name, self.role = region, name or f"{region}-1", role
        self.script = script
        self.lock = threading.Lock()
        #: (method, path, connection) of each request but those for its health.
        self.requests = []
        #: How many times it was asked whether it is there.
        self.pings = 0
        self.connection_count = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def seen(self, text):
        """The requests whose path contains `text`."""
        with self.lock:
            return [request for request in self.requests if text in request[1]]

    def _serve(self, connection):
        with self.lock:
            self.connection_count += 1
            number = self.connection_count
        try:
            reader = connection.makefile("rb")
            if reader.read(len(h2.PREFACE)) != h2.PREFACE:
                return
            connection.sendall(h2.frame(h2.SETTINGS, 0, 0, b""))
            self._frames(connection, reader, number)
        except OSError:
            pass
        finally:
            connection.close()

    def _frames(self, connection, reader, number):
        decoder, served, last = hpack.Decoder(), 0, 0
        while len(head := reader.read(9)) == 9:
            count, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
            stream = int.from_bytes(head[5:], "big")
            payload = reader.read(count)
            if kind == h2.SETTINGS and not flags & h2.ACK:
                connection.sendall(h2.frame(h2.SETTINGS, h2.ACK, 0, b""))
            elif kind == h2.PING and not flags & h2.ACK:
                self.pings += 1
                connection.sendall(h2.frame(h2.PING, h2.ACK, 0, payload))
            elif kind == h2.HEADERS:
                fields = dict(decoder.decode(payload))
                if fields[":path"] == "/health":
                    report = programs.report(self.region, self.name, self.role)
                    connection.sendall(_answer(stream, report.encode()))
                    continue
                with self.lock:
                    index = len(self.requests)
                    self.requests.append((fields[":method"], fields[":path"], number))
                word = self.script(index, served)
                served += 1
                if word == "ok":
                    connection.sendall(_answer(stream, b"over h2"))
                    last = stream
                elif word == "refuse":
                    connection.sendall(h2.frame(h2.RST_STREAM, 0, stream, struct.pack(">I", 7)))
                elif word in ("leave", "expel"):
                    code = 0 if word == "leave" else 11
                    connection.sendall(h2.frame(h2.GOAWAY, 0, 0, struct.pack(">II", last, code)))


def _answer(stream, body):
    """200 with a body."""
    block = hpack.encode([(":status", "200"), ("content-length", str(len(body)))])
    return (h2.frame(h2.HEADERS, h2.END_HEADERS, stream, block)
            + h2.frame(h2.DATA, h2.END_STREAM, stream, body))
