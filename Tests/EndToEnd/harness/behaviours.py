"""How a scripted origin can behave: well, slowly, and in all the ways that break."""

import ctypes
import hashlib
import json
import socket
import struct
import time

from harness import content


class Cut(Exception):
    """The peer ended the connection."""


class Behaviours:
    """The behaviours by name; `Origin` supplies the connections and the gate.

    Each takes the connection, the request, its reader and the numbers behind the name, and gives
    False when the connection cannot carry another request.
    """

    # Parts of behaviours.

    def _receive(self, request, reader, gate=False):
        """Takes the request's body and trailers."""
        digest = hashlib.sha256()

        def take(count):
            while count:
                if gate:
                    self._permit(request)
                part = reader.read1(min(count, 1 << 16))
                if not part:
                    raise Cut
                digest.update(part)
                request.body_count += len(part)
                count -= len(part)

        if request.header("transfer-encoding"):
            while (count := int(reader.readline(1024).split(b";")[0], 16)):
                take(count)
                reader.readline(16)
            request.trailers = fields(reader)
        else:
            take(int(request.header("content-length") or 0))
        request.body_sha256 = digest.hexdigest()
        request.is_complete = True

    def _permit(self, request):
        """Waits for a release; notices a peer that goes away meanwhile."""
        connection = self._connections[request.connection]
        with self.lock:
            while self._permits == 0:
                self.lock.wait(0.05)
                if is_gone(connection):
                    raise Cut
            self._permits -= 1

    def _head(self, connection, status, fields):
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
        connection.sendall(f"HTTP/1.1 {status} Scripted\r\n{lines}\r\n".encode("latin-1"))

    def _answer(self, connection, request, status, body, kind="text/plain", fields=()):
        lines = [("Content-Type", kind), ("Content-Length", len(body)), *fields]
        head = f"HTTP/1.1 {status} Scripted\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in lines)
        data = head.encode("latin-1") + b"\r\n"
        connection.sendall(data if request.method == "HEAD" else data + body)

    def _send(self, connection, request, data):
        view = memoryview(data)
        while view:
            count = connection.send(view[:1 << 16])
            request.sent_count += count
            view = view[count:]

    # Behaviours.

    def _do_echo(self, connection, request, reader):
        """Tells what was received."""
        self._receive(request, reader)
        self._tell(connection, request)

    def _tell(self, connection, request):
        body = json.dumps({
            "method": request.method, "target": request.target, "headers": request.headers,
            "body_count": request.body_count, "body_sha256": request.body_sha256,
            "trailers": request.trailers}).encode()
        self._answer(connection, request, 200, body, "application/json", [("ETag", '"1"')])

    def _do_bytes(self, connection, request, reader, count):
        """So many bytes with a Content-Length."""
        self._receive(request, reader)
        if count <= 1 << 16:
            # In one write, so that a killed process has answered wholly or not at all.
            self._answer(connection, request, 200, content.body(count))
            return
        self._head(connection, 200, [("Content-Length", count)])
        if request.method != "HEAD":
            self._send(connection, request, content.body(count))

    def _do_chunked(self, connection, request, reader, count):
        """So many bytes in chunks of uneven sizes."""
        self._receive(request, reader)
        self._head(connection, 200, [("Transfer-Encoding", "chunked")])
        body, at, size = content.body(count), 0, 1
        while at < count:
            part = body[at:at + size]
            self._send(connection, request, b"%x\r\n%b\r\n" % (len(part), part))
            at, size = at + len(part), size * 3 % 65521
        connection.sendall(b"0\r\n\r\n")

    def _do_untold(self, connection, request, reader, count):
        """So many bytes that the connection's end ends."""
        self._receive(request, reader)
        self._head(connection, 200, [("Connection", "close")])
        self._send(connection, request, content.body(count))
        return False

    def _do_trailers(self, connection, request, reader, count=5):
        """So many bytes, then trailers with their digest."""
        self._receive(request, reader)
        self._head(connection, 200, [
            ("Transfer-Encoding", "chunked"), ("Trailer", "x-checksum")])
        if count:
            self._send(connection, request, b"%x\r\n%b\r\n" % (count, content.body(count)))
        checksum = content.sha256_of(count)
        connection.sendall(f"0\r\nx-checksum: {checksum}\r\n\r\n".encode())

    def _do_hints(self, connection, request, reader):
        """An interim 103 with a link, then 200."""
        self._receive(request, reader)
        self._head(connection, 103, [("Link", "</style.css>; rel=preload")])
        self._answer(connection, request, 200, b"hinted")

    def _do_interims(self, connection, request, reader, count):
        """So many interim answers, then 200."""
        self._receive(request, reader)
        for _ in range(count):
            self._head(connection, 103, [])
        self._answer(connection, request, 200, b"at last")

    def _do_surplus(self, connection, request, reader):
        """An answer with another one behind it that nobody asked for."""
        self._receive(request, reader)
        one = b"HTTP/1.1 200 Scripted\r\nContent-Length: 5\r\n\r\n"
        connection.sendall(one + b"asked" + one + b"never")

    def _do_delayed(self, connection, request, reader):
        """200 once released."""
        self._receive(request, reader)
        self._permit(request)
        self._answer(connection, request, 200, b"delayed")

    def _do_gated(self, connection, request, reader, count, step):
        """So many bytes, `step` of them at each release."""
        self._receive(request, reader)
        self._head(connection, 200, [("Content-Length", count)])
        body = content.body(count)
        for at in range(0, count, step):
            self._permit(request)
            self._send(connection, request, body[at:at + step])

    def _do_slowly(self, connection, request, reader):
        """Takes the request's body a piece at each release, then echoes."""
        self._receive(request, reader, gate=True)
        self._tell(connection, request)

    def _do_endless(self, connection, request, reader):
        """Bytes until the peer goes away."""
        self._receive(request, reader)
        self._head(connection, 200, [("Transfer-Encoding", "chunked")])
        chunk = b"10000\r\n" + content.body(1 << 16) + b"\r\n"
        while True:
            self._send(connection, request, chunk)

    def _do_hang(self, connection, request, reader):
        """No answer until the peer goes away."""
        self._receive(request, reader)
        if not reader.read(1):
            raise Cut
        return False

    def _do_close(self, connection, request, reader):
        """The connection's end in place of an answer."""
        self._receive(request, reader)
        return False

    def _do_stale(self, connection, request, reader):
        """An answer on a new connection; its end on a used one, as when an idle timeout races."""
        if request.index > 0:
            return False
        self._receive(request, reader)
        self._answer(connection, request, 200, b"fresh")

    def _do_reset(self, connection, request, reader, count):
        """Half of the promised bytes, then a TCP reset."""
        self._receive(request, reader)
        self._head(connection, 200, [("Content-Length", 2 * count)])
        self._send(connection, request, content.body(count))
        self._permit(request)
        reset(connection)
        return False

    def _do_short(self, connection, request, reader, count):
        """Half of the promised bytes, then a polite end."""
        self._receive(request, reader)
        self._head(connection, 200, [("Content-Length", 2 * count)])
        self._send(connection, request, content.body(count))
        return False

    def _do_torn(self, connection, request, reader, count):
        """Chunks without the last one."""
        self._receive(request, reader)
        self._head(connection, 200, [("Transfer-Encoding", "chunked")])
        self._send(connection, request, b"%x\r\n%b\r\n" % (count, content.body(count)))
        return False

    def _do_nonsense(self, connection, request, reader, kind=0):
        """What is not HTTP."""
        self._receive(request, reader)
        connection.sendall(NONSENSE[kind])
        return False

    def _do_large(self, connection, request, reader, count):
        """A header field of so many bytes."""
        self._receive(request, reader)
        self._answer(connection, request, 200, b"large", fields=[("X-Large", "l" * count)])

    def _do_last(self, connection, request, reader):
        """An answer that announces the connection's end."""
        self._receive(request, reader)
        self._answer(connection, request, 200, b"last", fields=[("Connection", "close")])
        return False

    def _do_status(self, connection, request, reader, status):
        """That status."""
        self._receive(request, reader)
        if status in (204, 304):
            self._head(connection, status, [("ETag", '"1"')])
        else:
            self._answer(connection, request, status, b"status")

    def _do_nap(self, connection, request, reader, milliseconds):
        """200 a little later."""
        self._receive(request, reader)
        time.sleep(milliseconds / 1000)
        self._answer(connection, request, 200, b"rested")

    def _do_busy(self, connection, request, reader, status, seconds):
        """That status, and when to come back."""
        self._receive(request, reader)
        self._answer(connection, request, status, b"busy", fields=[("Retry-After", seconds)])

    def _do_early(self, connection, request, reader):
        """A final answer before the request's body was read."""
        self._answer(connection, request, 413, b"early", fields=[("Connection", "close")])
        request.is_cut = True
        connection.shutdown(socket.SHUT_WR)
        while reader.read1(1 << 16):
            pass
        return False

    def _do_spoof(self, connection, request, reader):
        """Fields that only the edge may set."""
        self._receive(request, reader)
        self._answer(connection, request, 200, b"spoof", fields=[
            ("EHR-Region", "moon"), ("EHR-Decision-Id", "forged"), ("EHR-Policy", "forged"),
            ("EHR-Freshness", "source=forged"), ("Keep-Alive", "timeout=9"), ("X-Hop", "gone"),
            ("Connection", "x-hop"), ("Alt-Svc", 'h3=":1"')])


#: Answers that are not HTTP, or not one that may be believed.
NONSENSE = [
    b"\x16\x03\x01 this is no HTTP\r\n\r\n",
    b"HTTP/1.1 abc what\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    b"\0" * 4096 + b"\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
]


def fields(reader):
    """Field lines up to the empty one."""
    fields = []
    while (line := reader.readline(1 << 20)) not in (b"\r\n", b"\n"):
        if not line:
            raise Cut
        name, _, value = line.decode("latin-1").partition(":")
        fields.append((name.strip().lower(), value.strip()))
    return fields


_connect = ctypes.CDLL(None).connect


def reset(connection):
    """Ends a connection with a TCP reset, even while another thread waits for it.

    Connecting to no address family is how Linux drops a peer; `close` would wait for all readers.
    """
    nowhere = struct.pack("H14x", socket.AF_UNSPEC)
    _connect(connection.fileno(), nowhere, len(nowhere))


def is_gone(connection):
    """Whether the peer has ended the connection."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
