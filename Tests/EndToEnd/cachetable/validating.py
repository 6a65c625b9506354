"""Asking whether a stored answer is still good, and what its answer changes: RFC 9111 4.3."""

import re

from harness.cachetable import NO_CONDITIONS, answer, ask, case, good

A = 'ETag: "a"'
CALLED = "Last-Modified: Sun, 06 Nov 2016 08:49:37 GMT"
DATE = "Sun, 06 Nov 2016 08:49:37 GMT"
P60 = "Cache-Control: public, max-age=60"


def _stale(*lines):
    """An answer that is stale when it comes, and is stored since it can be validated."""
    return ask(good("Age: 90", *lines), stored=True)


def _validated(name, stored, update, sent, **wants):
    """A stale answer is validated with 304, and fresh from then on."""
    return case(name, _stale(*stored),
                ask(answer(P60, *update, status=304), sent=sent, shows=1, status=200, **wants),
                ask(shows=1, **wants))


def _other(name, stored, *update):
    """A 304 that says nothing about the stored answer, or forbids to store it: asked again."""
    return case(name, _stale(*stored),
                ask(answer(*update, status=304), good('ETag: "new"'), shows=2, status=200,
                    sent=NO_CONDITIONS),
                ask(good('ETag: "newer"'), send=["Cache-Control: no-cache"]), ask(shows=3))


def _replaced(name, *reply, **wants):
    """A stale answer is replaced by another."""
    return case(name, _stale(A), ask(*reply, sent={"if-none-match": '"a"'}, **wants))


_ASKED = [
    _validated("by a strong tag", [A], [A], {"if-none-match": '"a"', "if-modified-since": None}),
    _validated("by a weak tag", ['ETag: W/"3"'], ['ETag: W/"3"'], {"if-none-match": 'W/"3"'}),
    _validated("by a date", [CALLED], [CALLED], {"if-modified-since": DATE,
                                                 "if-none-match": None}),
    _validated("by tag where there are both", [A, CALLED], [A, CALLED], {"if-none-match": '"a"'}),
    _validated("by a date where the tag is none", ["ETag: a", CALLED], [CALLED],
               {"if-modified-since": DATE, "if-none-match": None}),
    _validated("a 304 without validators is about what was asked", [A], [],
               {"if-none-match": '"a"'}),
    _validated("a weak tag of a 304 matches a strong one", [A], ['ETag: W/"a"'],
               {"if-none-match": '"a"'}),
    _validated("a tag with a comma", ['ETag: "a,b"'], ['ETag: "a,b"'],
               {"if-none-match": '"a,b"'}),
    _validated("an empty tag", ['ETag: ""'], ['ETag: ""'], {"if-none-match": '""'}),
    _validated("the client's range and conditions go while we ask", [A], [A],
               {"if-none-match": '"a"', "range": None, "if-range": None}),
    case("what is always validated stays stored",
         ask(answer("Cache-Control: public, no-cache", A), stored=True),
         *(ask(answer(A, "Cache-Control: public, no-cache", status=304), shows=1, status=200,
               sent={"if-none-match": '"a"'}) for _ in range(3))),
    case("the client's own condition is replaced by ours, and answered from the cache",
         _stale(A), ask(answer(A, P60, status=304), send=['If-None-Match: "old"'], shows=1,
                        status=200, sent={"if-none-match": '"a"'}), ask(shows=1)),
    case("a client whose copy is the stored one gets his 304",
         _stale(A), ask(answer(A, P60, status=304), send=['If-None-Match: "a"'], shows=None,
                        status=304, sent={"if-none-match": '"a"'}), ask(shows=1)),
    case("a client whose copy is the new one gets the whole answer all the same",
         _stale(A), ask(good('ETag: "b"'), send=['If-None-Match: "b"'], shows=..., status=...,
                        sent={"if-none-match": '"a"'}), ask(shows=2, status=200)),
]

_MERGED = [
    case("a 304 makes fresh again", _stale(A), ask(answer(A, P60, status=304), shows=1, age=0),
         ask(shows=1, age=0, ttl=60)),
    case("a 304 without a time keeps the stored one's",
         _stale(A), ask(answer(A, status=304), shows=1), ask(shows=1, ttl=60)),
    case("a 304 with another time",
         _stale(A), ask(answer(A, "Cache-Control: public, max-age=30", status=304), shows=1),
         ask(shows=1, ttl=30, fields={"cache-control": "public, max-age=30"})),
    case("a 304 with an Age", _stale(A), ask(answer(A, P60, "Age: 20", status=304), shows=1),
         ask(shows=1, ttl=40, age=20)),
    case("a 304 that is stale itself is asked about again",
         _stale(A), ask(answer(A, P60, "Age: 90", status=304), shows=1),
         ask(answer(A, P60, status=304), shows=1, sent={"if-none-match": '"a"'}), ask(shows=1)),
    case("a 304 replaces fields",
         _stale(A, "Link: </old>", "Content-Language: de"),
         ask(answer(A, "Link: </new>", status=304), shows=1),
         ask(shows=1, fields={"link": "</new>", "content-language": "de"})),
    case("a 304 replaces the type, and adds fields",
         _stale(A), ask(answer(A, "Content-Type: text/x-new", "Content-Language: fr", status=304),
                        shows=1),
         ask(shows=1, fields={"content-type": "text/x-new", "content-language": "fr"})),
    case("a 304 does not change the length",
         _stale(A), ask(answer(A, "Content-Length: 3", status=304), shows=1),
         ask(shows=1, fields={"content-length": re.compile(r"^\d\d$")})),
    case("what a 304's Connection names is not stored",
         _stale(A), ask(answer(A, "Connection: link", "Link: </x>", status=304), shows=1),
         ask(shows=1, fields={"link": None})),
    case("fields that the row does not list do not come in by a 304",
         _stale(A), ask(answer(A, "X-Debug: 1", status=304), shows=1),
         ask(shows=1, fields={"x-debug": None})),
    case("a 304 with a new date of modification beside the tag",
         _stale(A, CALLED),
         ask(answer(A, "Last-Modified: Mon, 07 Nov 2016 08:49:37 GMT", status=304), shows=1),
         ask(shows=1, fields={"last-modified": "Mon, 07 Nov 2016 08:49:37 GMT"})),
]

_DISTRUSTED = [
    _other("a 304 with another tag", [A], 'ETag: "z"'),
    _other("a 304 with a strong tag for a weak one", ['ETag: W/"a"'], A),
    _other("a 304 with a tag for what has none", [CALLED], A),
    _other("a 304 with another date", [CALLED], "Last-Modified: Mon, 07 Nov 2016 08:49:37 GMT"),
    _other("a 304 with no-store", [A], A, "Cache-Control: no-store"),
    _other("a 304 with private", [A], A, "Cache-Control: public, private"),
    _other("a 304 that takes the permission away", [A], A, "Cache-Control: max-age=60"),
    _other("a 304 with Set-Cookie", [A], A, "Set-Cookie: a=b"),
    _other("a 304 with Clear-Site-Data", [A], A, 'Clear-Site-Data: "cache"'),
    _other("a 304 with Vary: *", [A], A, "Vary: *"),
    _other("a 304 with an undeclared Vary", [A], A, "Vary: X-Role"),
]

_REPLACED = [
    case("another answer replaces the stored one", _stale(A),
         ask(good('ETag: "b"'), sent={"if-none-match": '"a"'}, stored=True), ask(shows=2)),
    case("another answer that may not be stored ends the stored one", _stale(A),
         ask(answer("Cache-Control: public, no-store"), stored=False, detail="no-store"),
         ask(good(), sent=NO_CONDITIONS, stored=True), ask(shows=3)),
    case("a missing resource ends the stored one", _stale(A),
         ask(answer(status=404), status=404),
         ask(good(), sent=NO_CONDITIONS, stored=True, status=200), ask(shows=3)),
    case("a refusal ends the stored one for all", _stale(A), ask(answer(status=403), status=403),
         ask(answer(status=403), sent=NO_CONDITIONS, status=403)),
    case("an error leaves it, but serves it to nobody whose row does not say so",
         _stale(A), ask(answer(status=500), status=500),
         ask(answer(A, P60, status=304), sent={"if-none-match": '"a"'}, shows=1, status=200),
         ask(shows=1, status=200)),
    case("an answer cut short does not replace the stored one",
         _stale(A), ask(good('ETag: "b"', framing="short"), complete=False),
         ask(answer(A, P60, status=304), sent={"if-none-match": '"a"'}, shows=1, status=200),
         ask(shows=1, status=200)),
]

CASES = [*_ASKED, *_MERGED, *_DISTRUSTED, *_REPLACED]
