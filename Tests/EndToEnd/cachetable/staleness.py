"""When a stale answer may be served: RFC 9111 section 4.2.4, RFC 5861, the row's windows.

The row keeps Slots and lets them be stale for 60 s while a new one is fetched, and for 600 s when
no origin answers. Each answer has a lifetime of 60 s; its `Age` says how stale it comes.
"""

from harness.cachetable import NO_CONDITIONS, answer, ask, begin, behind, case, end

P60 = "Cache-Control: public, max-age=60"
A = 'ETag: "a"'


def _good(*lines, control=P60, **options):
    return answer(control, *lines, **options)


def _meanwhile(name, age, *lines, control=P60):
    """Who asks first is served what is stale, and so are others; the origin is asked once."""
    stale = {"shows": 1, "age": age, "ttl": 60 - age}
    return case(name, ask(_good(f"Age: {age}", *lines, control=control), stored=True),
                behind(_good(), **stale), ask(**stale), end(),
                ask(shows=2, age=0, later=True), row="scheduling")


def _never(name, age, *lines, control=P60):
    """Who asks meanwhile waits for the origin's answer, too."""
    return case(name, ask(_good(f"Age: {age}", A, *lines, control=control), stored=True),
                begin(_good('ETag: "b"'), sent={"if-none-match": '"a"'}), begin(), end(shows=2),
                ask(shows=2, age=0), row="scheduling")


def _stands_in(name, failure, *, age=130, lines=(), control=P60, send=()):
    """Served stale because no origin answers."""
    return case(name, ask(_good(f"Age: {age}", A, *lines, control=control), stored=True),
                ask(*failure, send=send, shows=1, status=200, age=age), row="scheduling")


def _falls(name, failure, status, *, age=130, lines=(), control=P60, send=()):
    """Not served stale though no origin answers well."""
    return case(name, ask(_good(f"Age: {age}", A, *lines, control=control), stored=True),
                ask(*failure, send=send, shows=..., status=status, hit=False), row="scheduling")


def _error(status):
    return (answer(status=status),)


_REVALIDATED = [
    _meanwhile("stale within the row's window", 90),
    _meanwhile("just stale", 61),
    _meanwhile("within the origin's window", 65, control=P60 + ", stale-while-revalidate=30"),
    _meanwhile("the origin cannot widen the window: within it", 110,
               control=P60 + ", stale-while-revalidate=9999"),
    _never("stale beyond the row's window", 130),
    _never("beyond the origin's window", 90, control=P60 + ", stale-while-revalidate=20"),
    _never("the origin allows none", 90, control=P60 + ", stale-while-revalidate=0"),
    _never("the origin's window is no number", 90, control=P60 + ", stale-while-revalidate=x"),
    _never("the origin cannot widen the window: beyond it", 130,
           control=P60 + ", stale-while-revalidate=9999"),
    _never("never with must-revalidate", 90, control=P60 + ", must-revalidate"),
    _never("never with proxy-revalidate", 90, control=P60 + ", proxy-revalidate"),
    _never("never with s-maxage", 90, control="Cache-Control: s-maxage=60"),
    _never("never with no-cache", 90, control=P60 + ", no-cache"),
    case("not for who asks for something newer",
         ask(_good("Age: 90", A), stored=True), behind(_good('ETag: "b"'), shows=1),
         ask(_good('ETag: "c"'), send=["Cache-Control: max-age=80"], shows=3, status=200),
         end(), row="scheduling"),
    case("not for who asks for the origin's word",
         ask(_good("Age: 90", A), stored=True), behind(_good('ETag: "b"'), shows=1),
         ask(_good('ETag: "c"'), send=["Cache-Control: no-cache"], shows=3, status=200),
         end(), row="scheduling"),
    case("one refresh for all who ask",
         ask(_good("Age: 90", A), stored=True), behind(_good(), shows=1), *[ask(shows=1)] * 5, end(),
         ask(shows=2, later=True), row="scheduling"),
    case("a refresh asks with the stored tag, and without the client's conditions",
         ask(_good("Age: 90", A), stored=True),
         behind(answer(A, P60, status=304), shows=None, status=304,
                send=['If-None-Match: "a"', "If-Range: x"],
                sent={"if-none-match": '"a"', "if-range": None}),
         end(), ask(shows=1, status=200), row="scheduling"),
    case("who asks meanwhile with a condition is answered from what is stale",
         ask(_good("Age: 90", A), stored=True), behind(_good(), shows=1),
         ask(shows=None, status=304, send=['If-None-Match: "a"']), end(), row="scheduling"),
    *(case(f"who asks with {line} is served what is stale and refreshes nothing",
           ask(_good("Age: 90", A), stored=True), *[ask(send=[line], shows=1)] * 2,
           behind(_good(), shows=1), end(), ask(shows=2, later=True), row="scheduling")
      for line in ("Cookie: a=b", "Cache-Control: no-store")),
    case("a refresh that may not be stored ends the stored answer",
         ask(_good("Age: 90", A), stored=True),
         behind(answer("Cache-Control: no-store"), shows=1), end(),
         ask(_good(), hit=False, shows=3, sent=NO_CONDITIONS, later=True), row="scheduling"),
    case("a part that is asked for comes from what is stale",
         ask(_good("Age: 90", A), stored=True),
         behind(_good(), send=["Range: bytes=0-0"], status=206, shows=b"{",
                sent={"range": None}),
         end(), ask(shows=2, later=True, status=200), row="scheduling"),
]

_FAILED = [
    *(_stands_in(f"stands in for {status}", _error(status)) for status in (500, 502, 503, 504)),
    *(_falls(f"does not stand in for {status}", _error(status), status)
      for status in (501, 429, 404, 410, 403, 400)),
    _stands_in("stands in for a connection that ends", [answer(framing="hang up")] * 2),
    _stands_in("stands in within the origin's window", _error(503),
               control=P60 + ", stale-if-error=100"),
    _stands_in("the origin cannot widen the window for errors: within it", _error(503), age=600,
               control=P60 + ", stale-if-error=99999"),
    _falls("an error beyond the origin's window", _error(503),
           503, control=P60 + ", stale-if-error=5"),
    _falls("the origin allows no stand-in", _error(503), 503, control=P60 + ", stale-if-error=0"),
    _falls("an error beyond the row's window", _error(503), 503, age=700),
    _falls("the origin cannot widen the window for errors: beyond it", _error(503), 503, age=700,
           control=P60 + ", stale-if-error=99999"),
    _falls("no stand-in with must-revalidate", _error(503), 503, control=P60 + ", must-revalidate"),
    _falls("no stand-in with proxy-revalidate", _error(503),
           503, control=P60 + ", proxy-revalidate"),
    _falls("no stand-in with s-maxage", _error(503), 503, control="Cache-Control: s-maxage=60"),
    _falls("no stand-in with no-cache", _error(503), 503, control=P60 + ", no-cache"),
    _falls("no stand-in for who asks for the origin's word", _error(503), 503,
           send=["Cache-Control: no-cache"]),
    _falls("no stand-in for who asks for something newer", _error(503), 503,
           send=["Cache-Control: max-age=100"]),
    _stands_in("stands in for who bears what is older", _error(503),
               send=["Cache-Control: max-age=500"]),
    case("a row without windows never serves what is stale",
         ask(_good("Age: 61", A), stored=True), ask(answer(status=503), shows=..., status=503)),
]

CASES = [*_REVALIDATED, *_FAILED]
