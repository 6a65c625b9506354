"""What clients may ask of a cache: directives, conditions, ranges, HEAD."""

import re

from harness.cachetable import NO_CONDITIONS, answer, ask, case, good

A = 'ETag: "a"'
CALLED = "Last-Modified: Sun, 06 Nov 2016 08:49:37 GMT"
BYTES = b"0123456789abcdefghij"

_NOT_MODIFIED = answer(A, status=304)
_AGAIN = {"if-none-match": '"a"'}


def _directed(name, send, verdict, *lines, row="reference", who="nurse"):
    """An answer that is 20 of its 60 seconds old, and a request that says something about it."""
    send = [send] if isinstance(send, str) else send
    second = {
        "hit": lambda: ask(send=send, who=who, age=20),
        "validated": lambda: ask(_NOT_MODIFIED, send=send, who=who, sent=_AGAIN, shows=1),
        "504": lambda: ask(send=send, who=who, status=504, hit=False, shows=...),
    }[verdict]()
    return case(name, ask(good("Age: 20", A, *lines), stored=True, who=who), second, row=row)


def _condition(name, send, matches, *lines):
    """What a client that holds a copy is told about the stored answer."""
    send = [send] if isinstance(send, str) else send
    told = {"status": 304, "shows": None} if matches else {"status": 200}
    return case(name, ask(good(*lines), stored=True), ask(send=send, **told))


def _range(name, send, part, *lines, method="GET"):
    """A range of twenty bytes: `part` is a slice of them, `whole`, or `none` of them."""
    send = [send] if isinstance(send, str) else send
    first = ask(good(*lines, body=BYTES), stored=True)
    if part == "whole":
        told = {"status": 200, "fields": {"content-range": None}}
    elif part == "none":
        told = {"status": 416, "shows": ..., "fields": {"content-range": "bytes */20"}}
    else:
        start, stop = part
        told = {"status": 206, "shows": BYTES[start:stop], "fields": {
            "content-range": f"bytes {start}-{stop - 1}/20", "content-length": str(stop - start)}}
    return case(name, first, ask(send=send, method=method, **told))


_DIRECTIVES = [
    _directed("asked with no-cache", "Cache-Control: no-cache", "validated"),
    _directed("asked with no-cache in capitals", "Cache-Control: NO-CACHE", "validated"),
    _directed("asked with no-cache among others", "Cache-Control: foo, no-cache", "validated"),
    _directed("asked with Pragma", "Pragma: no-cache", "validated"),
    _directed("Pragma beside Cache-Control", ["Pragma: no-cache", "Cache-Control: max-age=100"],
              "hit"),
    _directed("Pragma that says something else", "Pragma: cache", "hit"),
    _directed("asked with max-age=0", "Cache-Control: max-age=0", "validated"),
    _directed("asked with a max-age that is too short", "Cache-Control: max-age=10", "validated"),
    _directed("asked with a max-age that is long enough", "Cache-Control: max-age=50", "hit"),
    _directed("asked with a max-age that is no number", "Cache-Control: max-age=x", "validated"),
    _directed("asked with two max-age", "Cache-Control: max-age=50, max-age=10", "validated"),
    _directed("asked with min-fresh that is met", "Cache-Control: min-fresh=10", "hit"),
    _directed("asked with min-fresh that is not", "Cache-Control: min-fresh=50", "validated"),
    _directed("asked with min-fresh that is no number", "Cache-Control: min-fresh=x", "validated"),
    _directed("asked with max-stale", "Cache-Control: max-stale=100", "hit"),
    _directed("asked with only-if-cached", "Cache-Control: only-if-cached", "hit"),
    _directed("asked with only-if-cached and no-cache",
              "Cache-Control: only-if-cached, no-cache", "504"),
    _directed("asked with only-if-cached for something newer",
              "Cache-Control: only-if-cached, max-age=5", "504"),
    _directed("asked with no-transform", "Cache-Control: no-transform", "hit"),
    _directed("asked with what nobody knows", "Cache-Control: refresh, foo=1", "hit"),
    _directed("asked with no-store for what is stored already", "Cache-Control: no-store", "hit"),
    _directed("immutable is no reason against a reload", "Cache-Control: no-cache", "validated",
              "Cache-Control: immutable"),
    case("asked with only-if-cached for what is not stored",
         ask(send=["Cache-Control: only-if-cached"], status=504, hit=False, shows=...),
         ask(good(), stored=True)),
    case("asked with no-store, nothing is stored",
         ask(good(), send=["Cache-Control: no-store"], stored=False),
         ask(good(), stored=True, sent=NO_CONDITIONS)),
    case("asked with no-cache for what cannot be validated",
         ask(good(), stored=True),
         ask(good(), send=["Cache-Control: no-cache"], sent=NO_CONDITIONS, stored=True),
         ask(shows=2)),
    case("asked with no-cache for what is not stored",
         ask(good(), send=["Cache-Control: no-cache"], stored=True), ask()),
    case("a stale answer is not served for max-stale",
         ask(good("Age: 90", A), stored=True),
         ask(_NOT_MODIFIED, send=["Cache-Control: max-stale=1000"], sent=_AGAIN, shows=1)),
    case("a stale answer is not served for only-if-cached",
         ask(good("Age: 90", A), stored=True),
         ask(send=["Cache-Control: only-if-cached"], status=504, hit=False, shows=...)),
]

_CONDITIONS = [
    _condition("If-None-Match with the tag", 'If-None-Match: "a"', True, A),
    _condition("If-None-Match with another", 'If-None-Match: "b"', False, A),
    _condition("If-None-Match with several", 'If-None-Match: "b", "c",  "a"', True, A),
    _condition("If-None-Match on two lines", ['If-None-Match: "b"', 'If-None-Match: "a"'], True,
               A),
    _condition("If-None-Match: *", "If-None-Match: *", True, A),
    _condition("If-None-Match weakly", 'If-None-Match: W/"a"', True, A),
    _condition("If-None-Match for a weak tag", 'If-None-Match: "3"', True, 'ETag: W/"3"'),
    _condition("a conditional read of FHIR", 'If-None-Match: W/"3"', True, 'ETag: W/"3"'),
    _condition("a conditional read of an older version", 'If-None-Match: W/"2"', False,
               'ETag: W/"3"'),
    _condition("a comma in a tag", 'If-None-Match: "a,b"', True, 'ETag: "a,b"'),
    _condition("tags differ by case", 'If-None-Match: "A"', False, A),
    _condition("a small w is no weak tag", 'If-None-Match: w/"a"', False, A),
    _condition("If-None-Match without quotes", "If-None-Match: a", False, A),
    _condition("If-None-Match without its end", 'If-None-Match: "a', False, A),
    _condition("If-None-Match for what has no tag", 'If-None-Match: "a"', False),
    _condition("If-Modified-Since with the date",
               "If-Modified-Since: Sun, 06 Nov 2016 08:49:37 GMT", True, CALLED),
    _condition("If-Modified-Since later", "If-Modified-Since: Mon, 07 Nov 2016 08:49:37 GMT",
               True, CALLED),
    _condition("If-Modified-Since earlier", "If-Modified-Since: Sat, 05 Nov 2016 08:49:37 GMT",
               False, CALLED),
    _condition("If-Modified-Since as in RFC 850",
               "If-Modified-Since: Sunday, 06-Nov-16 08:49:37 GMT", True, CALLED),
    _condition("If-Modified-Since that is no date", "If-Modified-Since: yesterday", False, CALLED),
    _condition("If-Modified-Since against Date", "If-Modified-Since: Sun, 06 Nov 2033 08:49:37 GMT",
               True, "Date: {now}"),
    _condition("If-None-Match outranks a date that matches",
               ['If-None-Match: "b"', "If-Modified-Since: Mon, 07 Nov 2016 08:49:37 GMT"], False,
               A, CALLED),
    _condition("If-None-Match outranks a date that does not",
               ['If-None-Match: "a"', "If-Modified-Since: Sat, 05 Nov 2016 08:49:37 GMT"], True, A,
               CALLED),
    case("a 304 of the cache says what a 200 would",
         ask(good(A, CALLED, "Vary: Accept"), stored=True),
         ask(send=['If-None-Match: "a"'], status=304, shows=None, age=0, fields={
             "etag": '"a"', "cache-control": "public, max-age=60", "vary": "Accept",
             "content-type": None, "content-length": None})),
    case("a condition for what is not stored is the origin's to judge",
         ask(answer(A, status=304), send=['If-None-Match: "a"'], status=304, shows=None,
             sent={"if-none-match": '"a"'}),
         ask(good(A), stored=True, sent=NO_CONDITIONS)),
    case("its whole answer is not stored either",
         ask(good(A), send=['If-None-Match: "z"']), ask(good(A), stored=True), ask(shows=2)),
    case("If-Match is the origin's to judge",
         ask(good(A), stored=True), ask(good(A), send=['If-Match: "a"'],
                                        sent={"if-match": '"a"'}), ask(shows=1)),
    case("If-Unmodified-Since is the origin's to judge",
         ask(good(A), stored=True),
         ask(answer(status=412), send=["If-Unmodified-Since: Sun, 06 Nov 2016 08:49:37 GMT"]),
         ask(shows=1, status=200)),
]

_RANGES = [
    _range("the first bytes", "Range: bytes=0-4", (0, 5), A),
    _range("one byte", "Range: bytes=0-0", (0, 1)),
    _range("the last byte", "Range: bytes=19-19", (19, 20)),
    _range("from somewhere on", "Range: bytes=5-", (5, 20)),
    _range("the last bytes", "Range: bytes=-5", (15, 20)),
    _range("more of the last bytes than there are", "Range: bytes=-99", (0, 20)),
    _range("beyond the end", "Range: bytes=10-99", (10, 20)),
    _range("beyond any integer", "Range: bytes=10-99999999999999999999", (10, 20)),
    _range("a unit in capitals", "Range: BYTES=0-4", (0, 5)),
    _range("behind the end", "Range: bytes=20-", "none"),
    _range("no bytes at all", "Range: bytes=-0", "none"),
    _range("several ranges", "Range: bytes=0-1,5-6", "whole"),
    _range("ranges that overlap", "Range: bytes=0-,0-,0-", "whole"),
    _range("backwards", "Range: bytes=5-2", "whole"),
    _range("nothing behind the unit", "Range: bytes=", "whole"),
    _range("no range at all", "Range: bytes=-", "whole"),
    _range("another unit", "Range: items=0-4", "whole"),
    _range("not a number", "Range: bytes=a-b", "whole"),
    _range("below zero", "Range: bytes=--5", "whole"),
    _range("a range of a HEAD means nothing", "Range: bytes=0-4", "whole", method="HEAD"),
    _range("If-Range with the tag", ["Range: bytes=0-4", 'If-Range: "a"'], (0, 5), A),
    _range("If-Range with another", ["Range: bytes=0-4", 'If-Range: "b"'], "whole", A),
    _range("If-Range is strong", ["Range: bytes=0-4", 'If-Range: W/"a"'], "whole", 'ETag: W/"a"'),
    _range("If-Range with the date", [
        "Range: bytes=0-4", "If-Range: Sun, 06 Nov 2016 08:49:37 GMT"], (0, 5), CALLED,
        "Date: {now}"),
    _range("If-Range with another date", [
        "Range: bytes=0-4", "If-Range: Mon, 07 Nov 2016 08:49:37 GMT"], "whole", CALLED,
        "Date: {now}"),
    _range("If-Range with a date that is not strong", [
        "Range: bytes=0-4", "If-Range: Sun, 06 Nov 2016 08:49:37 GMT"], "whole", CALLED),
    _range("If-Range that is neither", ["Range: bytes=0-4", "If-Range: a"], "whole", A),
    case("a part says which version it is of", ask(good(A, body=BYTES), stored=True),
         ask(send=["Range: bytes=0-4"], status=206, shows=BYTES[:5], age=0,
             fields={"etag": '"a"', "cache-control": "public, max-age=60"})),
    case("a condition that matches outranks a range", ask(good(A, body=BYTES), stored=True),
         ask(send=["Range: bytes=0-4", 'If-None-Match: "a"'], status=304, shows=None)),
    case("a part of what is not stored comes from the origin and is not stored",
         ask(good("Content-Range: bytes 0-4/20", status=206, body=BYTES[:5]),
             send=["Range: bytes=0-4"], status=206, sent={"range": "bytes=0-4"}),
         ask(good(body=BYTES), stored=True, sent={"range": None}), ask()),
    case("a part that nobody asked for is not stored",
         ask(good("Content-Range: bytes 0-4/20", status=206, body=BYTES[:5]), stored=False,
             detail="partial"),
         ask(good(body=BYTES), stored=True), ask()),
    case("a part of a stale answer is the origin's to give",
         ask(good("Age: 90", A, body=BYTES), stored=True),
         ask(good(A, "Content-Range: bytes 0-4/20", status=206, body=BYTES[:5]),
             send=["Range: bytes=0-4"], status=206, sent={"range": "bytes=0-4"})),
]

_HEADS = [
    case("HEAD is answered by what a GET stored", ask(good(A), stored=True),
         ask(method="HEAD", age=0, fields={"content-length": re.compile(r"^\d+$"),
                                           "etag": '"a"'})),
    case("HEAD with a condition", ask(good(A), stored=True),
         ask(method="HEAD", send=['If-None-Match: "a"'], status=304, shows=None)),
    case("HEAD stores nothing for a GET",
         ask(good(A), method="HEAD", stored=False), ask(good(A), stored=True, shows=2), ask()),
    case("HEAD stores nothing for a HEAD",
         ask(good(A), method="HEAD", stored=False), ask(good(A), method="HEAD", stored=False)),
    case("HEAD that shows another version ends the stored one",
         ask(good(A), stored=True),
         ask(good('ETag: "b"'), method="HEAD", send=["Cache-Control: no-cache"]),
         ask(good('ETag: "b"'), stored=True, sent=NO_CONDITIONS), ask(shows=3)),
    case("HEAD that shows the same version leaves it",
         ask(good(A, body=BYTES), stored=True),
         ask(good(A, body=BYTES), method="HEAD", send=["Cache-Control: no-cache"]), ask()),
]

CASES = [*_DIRECTIVES, *_CONDITIONS, *_RANGES, *_HEADS]
