"""A raw HTTP/1.1 client over TLS: it sends what it is told, byte for byte."""

from . import tls

HOST = "Host: edge.homeward.example\r\n"


class Response:
    """One answer."""

    def __init__(self):
        self.status = None
        self.headers = []
        self.trailers = []
        #: (status, headers) of interim answers.
        self.informational = []
        self.body = bytearray()
        #: Whether the message ended where its framing says.
        self.is_complete = False

    def header(self, name):
        """The value of a field; None when it is absent."""
        return next((value for key, value in self.headers if key == name.lower()), None)


class Ended(Exception):
    """The edge ended the connection."""


class Connection:
    """One connection; not for use by several threads."""

    def __init__(self, port, alpn=("http/1.1",), **options):
        self.socket = tls.connect(port, alpn=alpn, **options)
        self._received = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the TCP connection."""
        self.socket.close()

    def send(self, data):
        """Sends bytes or text as they are."""
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def request(self, method, path, headers=(), body=b""):
        """Sends a plain request."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        if body:
            lines += f"Content-Length: {len(body)}\r\n"
        self.send(f"{method} {path} HTTP/1.1\r\n{HOST}{lines}\r\n".encode("latin-1") + body)

    def get(self, path, headers=()):
        """GET, to the end."""
        self.request("GET", path, headers)
        return self.response()

    def interim(self):
        """The next head, which must be an interim one: status and headers."""
        status, headers = self._head()
        assert status < 200, f"expected an interim answer, got {status}"
        return status, headers

    def response(self, method="GET", within=10.0):
        """The next answer; incomplete, or even without a status, when the connection ends early."""
        self.socket.settimeout(within)
        response = Response()
        try:
            while True:
                status, headers = self._head()
                if status >= 200:
                    break
                response.informational.append((status, headers))
            response.status, response.headers = status, headers
            self._body(response, method)
        except Ended:
            pass
        return response

    def is_closed(self, within=5.0):
        """Whether the edge ends the connection within this time."""
        return tls.is_closed(self.socket, within)

    def _body(self, response, method):
        if method == "HEAD" or response.status in (204, 304):
            response.is_complete = True
        elif response.header("transfer-encoding") == "chunked":
            self._chunks(response)
        elif (length := response.header("content-length")) is not None:
            while len(response.body) < int(length):
                response.body += self._some(int(length) - len(response.body))
            response.is_complete = True
        else:
            try:
                while True:
                    response.body += self._some(1 << 20)
            except Ended:
                response.is_complete = True

    def _chunks(self, response):
        while True:
            count = int(self._line().split(b";")[0], 16)
            if count == 0:
                break
            while count:
                part = self._some(count)
                response.body += part
                count -= len(part)
            assert self._line() == b"", "a chunk is longer than it says"
        while line := self._line():
            name, _, value = line.partition(b":")
            response.trailers.append((name.decode().lower(), value.strip().decode()))
        response.is_complete = True

    def _head(self):
        status = int(self._line().split(b" ")[1])
        headers = []
        while line := self._line():
            name, _, value = line.partition(b":")
            headers.append((name.decode("latin-1").lower(), value.strip().decode("latin-1")))
        return status, headers

    def _line(self):
        while (end := self._received.find(b"\r\n")) < 0:
            self._fill()
        line = bytes(self._received[:end])
        del self._received[:end + 2]
        return line

    def _some(self, count_max):
        if not self._received:
            self._fill()
        part = bytes(self._received[:count_max])
        del self._received[:count_max]
        return part

    def _fill(self):
        try:
            data = self.socket.recv(1 << 18)
        except TimeoutError:
            raise
        except OSError:
            data = b""
        if not data:
            raise Ended
        self._received += data
