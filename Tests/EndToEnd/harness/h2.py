"""A raw HTTP/2 client: it speaks frames, and breaks the rules when told to."""

import struct
import time

from . import hpack, tls

(DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE,
 CONTINUATION) = range(10)
END_STREAM, ACK, END_HEADERS = 1, 1, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADER_TABLE_SIZE, ENABLE_PUSH, _, INITIAL_WINDOW_SIZE = 1, 2, 3, 4
CANCEL = 8


class Stream:
    """What is known of one request's answer."""

    def __init__(self):
        self.status = None
        self.headers = []
        self.trailers = []
        #: (status, headers) of interim answers.
        self.informational = []
        self.body = bytearray()
        self.received_count = 0
        self.is_ended = False
        #: The error code of RST_STREAM, when one came.
        self.reset = None
        #: Whether what is received is at once allowed to be sent again.
        self.reads = True
        self.send_window = 65535

    @property
    def is_over(self):
        """Whether nothing more will come."""
        return self.is_ended or self.reset is not None

    def header(self, name):
        """The value of a field; None when it is absent."""
        return next((value for key, value in self.headers if key == name), None)


class Connection:
    """One connection; not for use by several threads."""

    def __init__(self, port, window=65535, connection_window=1 << 24, settings=(), **options):
        self.socket = tls.connect(port, **options)
        assert self.socket.selected_alpn_protocol() == "h2", "the edge did not choose h2"
        self.streams = {}
        self.goaways = []
        self.settings = {}
        self.pings = []
        self.is_closed = False
        self._decoder = hpack.Decoder()
        self._received = bytearray()
        self._next_id = 1
        self._send_window = 65535
        self._peer_initial_window = 65535
        self._frame_byte_count_max = 16384
        entries = [(ENABLE_PUSH, 0), (INITIAL_WINDOW_SIZE, window), *settings]
        payload = b"".join(struct.pack(">HI", key, value) for key, value in entries)
        first = PREFACE + frame(SETTINGS, 0, 0, payload)
        if connection_window > 65535:
            first += frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", connection_window - 65535))
        self.socket.sendall(first)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the TCP connection without a word."""
        self.is_closed = True
        self.socket.close()

    # Sending.

    def send(self, *frames):
        """Sends ready frames in one write."""
        self.socket.sendall(b"".join(frames))

    def head(self, method, path, headers=(), end=True, stream=None):
        """The id of a new stream and its HEADERS frames, not yet sent."""
        if stream is None:
            stream = self._next_id
            self._next_id += 2
        fields = [(":method", method), (":scheme", "https"), (":path", path),
                  (":authority", "edge.homeward.example"), *headers]
        self.streams[stream] = Stream()
        self.streams[stream].send_window = self._peer_initial_window
        block = hpack.encode(fields)
        parts = [block[i:i + 16384] for i in range(0, len(block), 16384)] or [b""]
        frames = b""
        for index, part in enumerate(parts):
            flags = END_HEADERS if index == len(parts) - 1 else 0
            if index == 0:
                frames += frame(HEADERS, flags | (END_STREAM if end else 0), stream, part)
            else:
                frames += frame(CONTINUATION, flags, stream, part)
        return stream, frames

    def request(self, method, path, headers=(), body=None, trailers=None):
        """Sends a whole request; its stream's id."""
        end = body is None and trailers is None
        stream, frames = self.head(method, path, headers, end)
        self.send(frames)
        if body is not None:
            self.upload(stream, body, end=trailers is None)
        if trailers is not None:
            block = hpack.encode(trailers)
            self.send(frame(HEADERS, END_HEADERS | END_STREAM, stream, block))
        return stream

    def upload(self, stream, data, end=True, within=30.0):
        """Sends body bytes as the windows allow; how many were sent before `within` ran out."""
        view, sent = memoryview(data), 0
        deadline = time.monotonic() + within
        state = self.streams[stream]
        while sent < len(view):
            room = min(self._send_window, state.send_window, self._frame_byte_count_max)
            if room <= 0:
                if state.is_over or self.is_closed or time.monotonic() >= deadline:
                    return sent
                self._receive_once(min(0.2, max(0.01, deadline - time.monotonic())))
                continue
            part = view[sent:sent + room]
            last = end and sent + len(part) == len(view)
            self.send(frame(DATA, END_STREAM if last else 0, stream, part))
            sent += len(part)
            self._send_window -= len(part)
            state.send_window -= len(part)
        if end and not len(view):
            self.send(frame(DATA, END_STREAM, stream, b""))
        return sent

    def reset(self, stream, code=CANCEL):
        """Gives a stream up."""
        self.send(frame(RST_STREAM, 0, stream, struct.pack(">I", code)))

    def allow(self, stream, count):
        """Lets the edge send `count` more bytes on a stream, 0 for the connection."""
        self.send(frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", count)))

    # Receiving.

    def wait(self, condition, say, within=10.0):
        """Takes frames until `condition()` holds."""
        deadline = time.monotonic() + within
        while not condition():
            left = deadline - time.monotonic()
            assert left > 0, f"waited {within:g} s in vain: {say}"
            assert not self.is_closed, f"the edge closed the connection instead of: {say}"
            self._receive_once(left)

    def finish(self, stream, within=10.0):
        """Waits for the end of a stream, good or bad, and gives it."""
        state = self.streams[stream]
        self.wait(lambda: state.is_over, f"the end of stream {stream}", within)
        return state

    def get(self, path, headers=(), within=10.0):
        """GET, to the end."""
        return self.finish(self.request("GET", path, headers), within)

    def wait_closed(self, within=10.0):
        """Takes frames until the edge ends the connection."""
        deadline = time.monotonic() + within
        while not self.is_closed:
            left = deadline - time.monotonic()
            assert left > 0, f"the edge did not close the connection in {within:g} s"
            self._receive_once(left)

    def poll(self):
        """Takes the frames that are there."""
        self._receive_once(0.001)

    def _receive_once(self, timeout):
        self.socket.settimeout(timeout)
        try:
            data = self.socket.recv(1 << 18)
        except TimeoutError:
            return
        except OSError:
            data = b""
        finally:
            self.socket.settimeout(10.0)
        if not data:
            self.is_closed = True
            return
        self._received += data
        while len(self._received) >= 9:
            count = int.from_bytes(self._received[:3], "big")
            if len(self._received) < 9 + count:
                return
            kind, flags = self._received[3], self._received[4]
            stream = int.from_bytes(self._received[5:9], "big") & 0x7FFFFFFF
            payload = bytes(self._received[9:9 + count])
            del self._received[:9 + count]
            self._take(kind, flags, stream, payload)

    def _take(self, kind, flags, stream, payload):
        state = self.streams.get(stream)
        if kind == DATA and state:
            state.received_count += len(payload)
            state.body += payload
            state.is_ended |= bool(flags & END_STREAM)
            if payload:
                updates = frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", len(payload)))
                if state.reads and not state.is_over:
                    updates += frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", len(payload)))
                self._send_quietly(updates)
        elif kind in (HEADERS, CONTINUATION):
            if kind == HEADERS:
                self._block, self._block_flags = b"", flags
            self._block += payload
            if flags & END_HEADERS:
                self._take_fields(state, self._decoder.decode(self._block))
        elif kind == RST_STREAM and state:
            state.reset = struct.unpack(">I", payload)[0]
        elif kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                key, value = struct.unpack_from(">HI", payload, at)
                self.settings[key] = value
                if key == INITIAL_WINDOW_SIZE:
                    for other in self.streams.values():
                        other.send_window += value - self._peer_initial_window
                    self._peer_initial_window = value
            self._send_quietly(frame(SETTINGS, ACK, 0, b""))
        elif kind == PING:
            if flags & ACK:
                self.pings.append(payload)
            else:
                self._send_quietly(frame(PING, ACK, 0, payload))
        elif kind == GOAWAY:
            last, code = struct.unpack_from(">II", payload)
            self.goaways.append((last & 0x7FFFFFFF, code))
        elif kind == WINDOW_UPDATE:
            increment = struct.unpack(">I", payload)[0] & 0x7FFFFFFF
            if stream == 0:
                self._send_window += increment
            elif state:
                state.send_window += increment

    def _take_fields(self, state, fields):
        if not state:
            return
        status = next((value for name, value in fields if name == ":status"), None)
        plain = [field for field in fields if not field[0].startswith(":")]
        if status is None:
            state.trailers = plain
        elif int(status) < 200:
            state.informational.append((int(status), plain))
        else:
            state.status, state.headers = int(status), plain
        state.is_ended |= bool(self._block_flags & END_STREAM)

    def _send_quietly(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass


def frame(kind, flags, stream, payload):
    """One frame (RFC 9113 section 4.1)."""
    head = len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
    return head + payload
