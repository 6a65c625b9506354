"""An origin that answers by script: what the next request for a path gets, word for word."""

import dataclasses
import json
import re
import time

from .behaviours import reset
from .origin import Origin

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LONG_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: The part of a path that names a script.
NAME = re.compile(r"k\d{4}")


def date(seconds=0, form="imf"):
    """The date in so many seconds, in one of the three forms of HTTP."""
    at = time.gmtime(time.time() + seconds)
    clock = f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}"
    month = MONTHS[at.tm_mon - 1]
    if form == "rfc850":
        day = LONG_DAYS[at.tm_wday]
        return f"{day}, {at.tm_mday:02}-{month}-{at.tm_year % 100:02} {clock} GMT"
    if form == "asctime":
        return f"{DAYS[at.tm_wday]} {month} {at.tm_mday:2} {clock} {at.tm_year}"
    return f"{DAYS[at.tm_wday]}, {at.tm_mday:02} {month} {at.tm_year} {clock} GMT"


def dated(line):
    """A field line whose `{now}`, `{now-30}` or `{rfc850:now+60}` became dates."""
    return re.sub(r"\{(?:(\w+):)?now([+-]\d+)?\}",
                  lambda match: date(int(match[2] or 0), match[1] or "imf"), line)


@dataclasses.dataclass
class Reply:
    """One answer of the origin.

    `lines` are its fields beside type and length; `framing` is `length`, `chunked`, `close`,
    `short` (half of what was promised), `torn` (no last chunk), `trailers`, `reset` or `hang up`.
    """

    status: int = 200
    lines: tuple = ()
    body: bytes | None = None
    #: The media type: by default that of a file, or of FHIR.
    kind: str | None = None
    framing: str = "length"
    #: Tells the request's target, fields and body, as an origin does that mirrors what it is sent.
    is_echo: bool = False
    #: Lines of an interim 103 before it.
    hints: tuple = ()
    #: Waits for `release` first, or between head and body.
    is_held: bool = False
    is_body_held: bool = False


class ScriptedOrigin(Origin):
    """An origin whose paths with a name like `k0042` in them answer by script.

    A script is a list; each request takes the next `Reply`. What was not expected is answered 599.
    Other paths behave as those of every `Origin` do.
    """

    def __init__(self, *arguments, **options):
        #: The replies that are left, by the script's name.
        self.scripts = {}
        #: How many bodies were made for each script.
        self.counts = {}
        super().__init__(*arguments, **options)

    def expect(self, name, *replies):
        """Lets the next requests for a script get these replies."""
        with self.lock:
            self.scripts.setdefault(name, []).extend(replies)

    def left(self, name):
        """How many replies of a script nobody asked for."""
        with self.lock:
            return len(self.scripts.get(name, ()))

    def asked(self, name):
        """The requests for a script so far."""
        return self.seen(name)

    def _behaviour(self, request):
        name = NAME.search(request.target)
        if not name:
            return super()._behaviour(request)
        with self.lock:
            replies = self.scripts.get(name[0])
            reply = replies.pop(0) if replies else Reply(599, body=b"nobody expected this")
            count = self.counts.get(name[0], 0) + (reply.status != 304)
            self.counts[name[0]] = count
        return self._play, [reply, numbered(name[0], count) if reply.body is None else reply.body]

    def _play(self, connection, request, reader, reply, body):
        """Gives a reply; the connection carries another request unless its framing ends it."""
        self._receive(request, reader)
        if reply.is_echo:
            body = json.dumps({"method": request.method, "target": request.target,
                               "headers": request.headers, "body": request.body_count}).encode()
        if reply.is_held:
            self._permit(request)
        if reply.framing == "hang up":
            return False
        if reply.hints:
            self._head(connection, 103, [tuple(line.split(": ", 1)) for line in reply.hints])
        lines = [dated(line) for line in reply.lines]
        has_body = reply.status not in (204, 304) and request.method != "HEAD"
        names = {line.partition(":")[0].lower() for line in lines}
        if reply.status not in (204, 304):
            if "content-type" not in names:
                kind = "text/javascript" if ".js" in request.target else "application/fhir+json"
                lines.append(f"Content-Type: {reply.kind or kind}")
            if "content-length" not in names:
                lines += framing_lines(reply.framing, len(body))
        head = "".join(f"{line}\r\n" for line in lines)
        head = f"HTTP/1.1 {reply.status} Scripted\r\n{head}\r\n".encode("latin-1")
        if not has_body:
            connection.sendall(head)
            return True
        if reply.is_body_held:
            connection.sendall(head)
            self._permit(request)
            head = b""
        connection.sendall(head + framed(reply.framing, body))
        if reply.framing == "reset":
            reset(connection)
        return reply.framing not in ("short", "torn", "close", "reset")


def numbered(name, count):
    """The body of a script's answer number `count`: a resource that tells which it is."""
    return b'{"resourceType":"Basic","id":"%s","n":%d}' % (name.encode(), count)


def framing_lines(framing, count):
    """The field that says how long a body of `count` bytes is."""
    if framing in ("chunked", "torn", "trailers"):
        return ["Transfer-Encoding: chunked"]
    if framing == "close":
        return ["Connection: close"]
    return [f"Content-Length: {count * 2 if framing in ('short', 'reset') else count}"]


def framed(framing, body):
    """The bytes of a body."""
    if framing not in ("chunked", "torn", "trailers"):
        return body
    half = len(body) // 2
    parts = b"".join(b"%x\r\n%b\r\n" % (len(part), part)
                     for part in (body[:half], body[half:]) if part)
    ends = {"chunked": b"0\r\n\r\n", "torn": b"", "trailers": b"0\r\nx-checksum: 1\r\n\r\n"}
    return parts + ends[framing]
