"""Tables of requests and of what must be seen at both ends, and who plays them.

A case is a list of steps. A step is one request, the origin's replies to what it causes there, in
order, and what the client sees. A step without replies must not reach the origin.
"""

import dataclasses
import re
import zlib

from .script import Reply, numbered
from .waiting import until

#: Where a case's resources lie: the row of the test policy, and its path without the case's name.
PLACES = {"reference": "/fhir/ValueSet/{name}", "scheduling": "/fhir/Slot/{name}",
          "asset": "/app/{name}.js"}


@dataclasses.dataclass
class Step:
    """One request; see `ask`."""

    replies: tuple
    send: tuple
    method: str
    who: str | None
    path: str
    body: bytes | None
    wants: dict


@dataclasses.dataclass
class Case:
    """A name, the row of the policy that it is about, and its steps."""

    name: str
    row: str
    steps: tuple


def case(name, *steps, row="reference"):
    """A case of a table."""
    return Case(name, row, steps)


def answer(*lines, status=200, **options):
    """A reply with these field lines."""
    return Reply(status, lines, **options)


def good(*lines, **options):
    """A reply that any row of the test policy keeps, beside what the lines say."""
    return answer("Cache-Control: public, max-age=60", *lines, **options)


def ask(*replies, send=(), method="GET", who="nurse", path="", body=None, **wants):
    """A step; `send` are field lines, `path` stands behind the case's own or has `{name}` in it.

    What is wanted:
    - `status`: of the answer; by default the last reply's, or that of what is stored;
    - `shows`: the number of the body that is seen, counted from the first that the origin made;
      None for no body, bytes for exactly these. By default the last;
    - `stored`: whether the answer says that it was stored; False for one of which nothing may be,
      which says nothing at all;
    - `detail`: why it was not stored, or why what is stored was passed by;
    - `hit`: whether it came from the cache; by default, when there are no replies;
    - `age`, `ttl`: about how many seconds;
    - `sent`: fields of the last request at the origin, None for none;
    - `fields`: fields of the answer, None for none, a compiled pattern for some;
    - `later`: it may take a while until an answer shows that: it is asked for until one does;
    - `complete`: False when the answer must end early, which a client must be able to tell.
    """
    return Step(replies, tuple(send), method, who, path, body, wants)


def begin(*replies, **wants):
    """A request that is not over yet: its replies are held by the origin until `end`. Without
    replies it must neither reach the origin nor be answered before."""
    return ask(*(dataclasses.replace(reply, is_held=True) for reply in replies), begins=True,
               **wants)


def behind(*replies, **wants):
    """A request that is answered from the cache at once, while the origin is asked behind its
    back: the replies to that are held by the origin until `end`."""
    return ask(*(dataclasses.replace(reply, is_held=True) for reply in replies), behind=True,
               **{"hit": True} | wants)


def end(**wants):
    """Lets the origin go on; what was begun ends, each with the body that `shows` says."""
    return ask(ends=True, hit=False, **wants)


def twice(name, lines, verdict, *, send=(), first=(), row="reference", who="nurse", status=200,
          **options):
    """Two requests for one path: what becomes of the first's answer.

    `verdict`: `hit`, `validated` (asked whether it is still good), or the reason why nothing was
    stored. `first` and `send` are lines of the requests, `options` belong to the reply.
    """
    reply = Reply(status, tuple(lines), **options)
    if verdict == "hit":
        steps = [ask(reply, send=first, who=who, stored=True), ask(send=send, who=who)]
    elif verdict == "validated":
        steps = [ask(reply, send=first, who=who, stored=True),
                 ask(answer(status=304, *validators(lines)), send=send, who=who,
                     sent=conditions(lines))]
    else:
        again = Reply(status, tuple(lines), **options)
        steps = [ask(reply, send=first, who=who, stored=False, detail=verdict),
                 ask(again, send=send, who=who, sent=NO_CONDITIONS)]
    return Case(name, row, tuple(steps))


#: Nothing that makes a request conditional.
NO_CONDITIONS = {"if-none-match": None, "if-modified-since": None}


def validators(lines):
    """The lines that name a version."""
    return [line for line in lines if line.lower().startswith(("etag:", "last-modified:"))]


def conditions(lines):
    """What an origin is asked by who holds an answer with these lines."""
    for line in lines:
        if line.lower().startswith("etag:"):
            return {"if-none-match": line.partition(":")[2].strip()}
    return {"if-modified-since": re.compile("GMT$")}


class Player:
    """Plays one case in a `CacheCase`."""

    def __init__(self, test, played):
        self.test, self.case = test, played
        self.name = test.name()
        self.path = PLACES[played.row].format(name=self.name)
        #: How many requests the origin has had, and the number and status of what is stored.
        self.asked_count, self.shown, self.stored_status = 0, 0, 200
        #: Clients and streams of what was begun.
        self.begun = []
        #: Every third case speaks HTTP/1.1.
        self.is_plain = zlib.crc32(played.name.encode()) % 3 == 0
        self.client = self.connect()

    def connect(self):
        """A client of the case's protocol."""
        return self.test.h1() if self.is_plain else self.test.client

    def play(self):
        """Plays every step."""
        for number, step in enumerate(self.case.steps, 1):
            with self.test.subTest(f"{self.case.name}, step {number}"):
                self.step(step)

    def step(self, step):
        """Plays one step."""
        test, wants = self.test, step.wants
        test.origin.expect(self.name, *(
            dataclasses.replace(reply, lines=tuple(map(self.filled, reply.lines)))
            for reply in step.replies))
        fields = [(line.partition(":")[0].lower(), line.partition(":")[2].strip())
                  for line in map(self.filled, step.send)]
        path = self.filled(step.path if "{name}" in step.path else self.path + step.path)
        if wants.get("begins"):
            return self.begin(step, path, fields)
        if wants.get("ends"):
            return self.end(step)

        def get():
            return test.get(path, step.who, *fields, method=step.method, body=step.body,
                            client=self.client)
        found = self.later(get, step) if wants.get("later") else get()
        self.count(step)
        is_whole = found.is_complete if self.is_plain else found.is_ended and found.reset is None
        test.assertEqual(is_whole, wants.get("complete", True), "whether the answer looks whole")
        if self.is_plain and (not is_whole or found.header("connection") == "close"):
            self.client = self.connect()
        if is_whole:
            self.check(step, found)

    def later(self, get, step):
        """Asks until an answer shows what it should; that one."""
        last = []

        def shows():
            last[:] = [get()]
            return bytes(last[0].body) == self.body(step.wants["shows"])
        until(shows, lambda: f"the answer shows {step.wants['shows']}: {last}")
        return last[0]

    def begin(self, step, path, fields):
        """Sends a request and does not wait for its answer, but for the origin's sight of it."""
        client = self.test.h2()
        fields = [*self.test.fields[step.who], *fields]
        self.begun.append((client, client.request(step.method, path, fields, step.body)))
        self.count(step)

    def end(self, step):
        """Ends what was begun."""
        self.test.origin.release()
        for client, stream in self.begun:
            self.check(step, client.finish(stream))
        self.begun = []
        # What is left of it must not take the next one's permit.
        until(lambda: self.test.origin.under_way() == 0, "the origin is done")

    def filled(self, text):
        """The text with the case's name and path in it."""
        return text.replace("{name}", self.name).replace("{path}", self.path)

    def count(self, step):
        """The origin was asked exactly as often as there are replies, if need be a bit later."""
        until(lambda: not self.test.origin.left(self.name), "the origin is not asked")
        count = len(self.test.origin.asked(self.name))
        asked, self.asked_count = count - self.asked_count, count
        self.test.assertEqual(asked, len(step.replies), "requests at the origin")

    def body(self, shown):
        """The bytes of the origin's body with this number."""
        if shown is None:
            return b""
        return shown if isinstance(shown, bytes) else numbered(self.name, shown)

    def check(self, step, found):
        """Compares the answer with what is wanted."""
        test, wants = self.test, step.wants
        last = step.replies[-1] if step.replies else None
        if last and last.status != 304:
            self.shown, self.stored_status = test.origin.counts[self.name], last.status
            if last.body is not None:
                self.shown = last.body
        shown = wants.get("shows", self.shown)
        if step.method == "HEAD":
            shown = None
        status = wants.get("status", self.stored_status)
        if status is not ...:
            test.assertEqual(found.status, status, found.headers)
        if shown is not ...:
            test.assertEqual(bytes(found.body), self.body(shown))
        if wants.get("hit", not step.replies):
            test.assert_hit(found)
        elif "detail" in wants or wants.get("stored"):
            test.assert_forwarded(found)
        self.check_status(wants, found)
        self.check_fields(wants, found)

    def check_status(self, wants, found):
        """Compares `Cache-Status` and `Age`."""
        test = self.test
        status = test.status(found) if found.header("cache-status") else {}
        if "stored" in wants:
            test.assertEqual("stored" in status, wants["stored"], status)
        if "detail" in wants:
            test.assertEqual(status.get("detail"), wants["detail"], status)
        for name, value in (("age", found.header("age")), ("ttl", status.get("ttl"))):
            if name in wants:
                test.assertIsNotNone(value, name)
                # A busy machine may need seconds between two steps.
                slack = range(0, 9) if name == "age" else range(-9, 1)
                test.assertIn(int(value) - wants[name], slack, name)

    def check_fields(self, wants, found):
        """Compares fields at both ends."""
        test = self.test
        for name, wanted in wants.get("fields", {}).items():
            self.compare(name, wanted, found.header(name))
        if "sent" in wants:
            request = test.origin.asked(self.name)[-1]
            for name, wanted in wants["sent"].items():
                self.compare(name, wanted, request.header(name))

    def compare(self, name, wanted, value):
        """One field."""
        if isinstance(wanted, re.Pattern):
            self.test.assertRegex(value or "", wanted, name)
        else:
            self.test.assertEqual(
                value, self.filled(wanted) if wanted is not None else None, name)
