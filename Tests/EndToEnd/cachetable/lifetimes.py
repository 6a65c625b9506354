"""How long an answer is fresh: RFC 9111 section 4.2, RFC 9213, the row as ceiling."""

from harness.cachetable import answer, ask, case, good, twice

#: (name, lines of the answer, what becomes of it, seconds left of a hit or None, age or None).
_SPOKEN = [
    ("max-age", ["Cache-Control: public, max-age=60"], "hit", 60, 0),
    ("s-maxage", ["Cache-Control: s-maxage=60"], "hit", 60, 0),
    ("s-maxage outranks a shorter max-age", ["Cache-Control: s-maxage=60, max-age=0"], "hit", 60,
     0),
    ("s-maxage outranks a longer max-age", ["Cache-Control: s-maxage=0, max-age=60"],
     "no-lifetime", None, None),
    ("the row is the ceiling", ["Cache-Control: public, max-age=86400"], "hit", 3600, 0),
    ("the row's time when the origin says none", ["Cache-Control: public"], "hit", 3600, 0),
    ("no heuristic from Last-Modified", [
        "Cache-Control: public", "Last-Modified: {now-86400}"], "hit", 3600, 0),
    ("max-age=0", ["Cache-Control: public, max-age=0"], "no-lifetime", None, None),
    ("max-age in capitals", ["Cache-Control: PUBLIC, MAX-AGE=60"], "hit", 60, 0),
    ("max-age in quotes", ['Cache-Control: public, max-age="60"'], "hit", 60, 0),
    ("max-age with a leading zero", ["Cache-Control: public, max-age=0060"], "hit", 60, 0),
    ("max-age beyond any integer", ["Cache-Control: public, max-age=99999999999999999999"], "hit",
     3600, 0),
    ("max-age with a fraction", ["Cache-Control: public, max-age=60.5"], "no-lifetime", None, None),
    ("max-age below zero", ["Cache-Control: public, max-age=-1"], "no-lifetime", None, None),
    ("max-age with a plus", ["Cache-Control: public, max-age=+60"], "no-lifetime", None, None),
    ("max-age without a value", ["Cache-Control: public, max-age"], "no-lifetime", None, None),
    ("max-age with an empty value", ["Cache-Control: public, max-age="], "no-lifetime", None, None),
    ("max-age in hexadecimal", ["Cache-Control: public, max-age=0x3c"], "no-lifetime", None, None),
    ("max-age with a unit", ["Cache-Control: public, max-age=60s"], "no-lifetime", None, None),
    ("max-age with a space before its value", ["Cache-Control: public, max-age= 60"],
     "no-lifetime", None, None),
    ("max-age with two words", ["Cache-Control: public, max-age=60 60"], "no-lifetime", None, None),
    ("max-age in an open quote", ['Cache-Control: public, max-age="60'], "no-lifetime", None, None),
    ("max-age twice, the shorter last", ["Cache-Control: public, max-age=60, max-age=0"],
     "no-lifetime", None, None),
    ("max-age twice, the shorter first", ["Cache-Control: public, max-age=0, max-age=60"],
     "no-lifetime", None, None),
    ("max-age on two lines", ["Cache-Control: public, max-age=60", "Cache-Control: max-age=30"],
     "hit", 30, 0),
    ("s-maxage twice", ["Cache-Control: s-maxage=60, s-maxage=30"], "hit", 30, 0),
    ("s-maxage that is no number", ["Cache-Control: s-maxage=x, max-age=60"], "no-lifetime", None,
     None),
    ("empty members", ["Cache-Control: ,, public ,,max-age=60,"], "hit", 60, 0),
    ("directives on two lines", ["Cache-Control: public", "Cache-Control: max-age=60"], "hit", 60,
     0),
    ("what nobody knows", ["Cache-Control: public, foo=bar, baz, max-age=60"], "hit", 60, 0),
    ("a comma in quotes", ['Cache-Control: public, foo="a, no-store", max-age=60'], "hit", 60, 0),
    ("an escaped quote in quotes", ['Cache-Control: public, foo="\\", no-store", max-age=60'],
     "hit", 60, 0),
    ("immutable says nothing about time", ["Cache-Control: public, immutable, max-age=60"], "hit",
     60, 0),
    ("immutable alone", ["Cache-Control: public, immutable"], "hit", 3600, 0),
    ("Pragma of an answer means nothing", [
        "Cache-Control: public, max-age=60", "Pragma: no-cache"], "hit", 60, 0),
]

_EXPIRES = [
    ("Expires and Date", ["Expires: {now+60}", "Date: {now}"], "hit", 60, 0),
    ("Expires without Date", ["Expires: {now+60}"], "hit", 60, 0),
    ("the difference counts, not the clock", ["Expires: {now+30}", "Date: {now-30}"], "hit", 30,
     30),
    ("an origin whose clock is ahead", ["Expires: {now+3660}", "Date: {now+3600}"], "hit", 60, 0),
    ("Expires beyond the row", ["Expires: {now+99999}"], "hit", 3600, 0),
    ("Expires as in RFC 850", ["Expires: {rfc850:now+60}"], "hit", 60, 0),
    ("Expires as asctime writes", ["Expires: {asctime:now+60}"], "hit", 60, 0),
    ("Expires in small letters", ["Expires: sun, 06 nov 2033 08:49:37 gmt"], "hit", 3600, 0),
    ("two digits for a year long ago", ["Expires: Sunday, 06-Nov-94 08:49:37 GMT"], "no-lifetime",
     None, None),
    ("Expires with the Date", ["Expires: {now}", "Date: {now}"], "no-lifetime", None, None),
    ("Expires in the past", ["Expires: {now-60}"], "no-lifetime", None, None),
    ("Expires: 0", ["Expires: 0"], "no-lifetime", None, None),
    ("Expires: -1", ["Expires: -1"], "no-lifetime", None, None),
    ("Expires that is no date", ["Expires: next week"], "no-lifetime", None, None),
    ("Expires in another zone", ["Expires: Sun, 06 Nov 2033 08:49:37 EST"], "no-lifetime", None,
     None),
    ("Expires with an offset", ["Expires: Sun, 06 Nov 2033 08:49:37 +0000"], "no-lifetime", None,
     None),
    ("Expires with one digit for the day", ["Expires: Sun, 6 Nov 2033 08:49:37 GMT"],
     "no-lifetime", None, None),
    ("Expires on a day that is not", ["Expires: Sun, 31 Feb 2033 08:49:37 GMT"], "no-lifetime",
     None, None),
    ("Expires without seconds", ["Expires: Sun, 06 Nov 2033 08:49 GMT"], "no-lifetime", None, None),
    ("two Expires", ["Expires: {now+60}", "Expires: {now+60}"], "no-lifetime", None, None),
    ("an empty Expires", ["Expires: "], "no-lifetime", None, None),
]

_AGE = [
    ("Age", ["Age: 20"], "hit", 40, 20),
    ("Age of an expired answer", ["Age: 61"], "no-lifetime", None, None),
    ("Age: the first member counts", ["Age: 20, 90"], "hit", 40, 20),
    ("Age: the first line counts", ["Age: 20", "Age: 90"], "hit", 40, 20),
    ("Age below zero", ["Age: -20"], "hit", 60, 0),
    ("Age with a fraction", ["Age: 20.5"], "hit", 60, 0),
    ("Age that is no number", ["Age: old"], "hit", 60, 0),
    ("an empty Age", ["Age: "], "hit", 60, 0),
    ("Age in hexadecimal", ["Age: 0x14"], "hit", 60, 0),
    ("Age beyond any integer", ["Age: 99999999999999999999"], "no-lifetime", None, None),
    ("Date is an age", ["Date: {now-20}"], "hit", 40, 20),
    ("Date of an expired answer", ["Date: {now-90}"], "no-lifetime", None, None),
    ("Date in the future", ["Date: {now+3600}"], "hit", 60, 0),
    ("Date that is none", ["Date: today"], "hit", 60, 0),
    ("the larger of Age and Date: Age", ["Age: 40", "Date: {now-20}"], "hit", 20, 40),
    ("the larger of Age and Date: Date", ["Age: 20", "Date: {now-40}"], "hit", 20, 40),
]

_TARGETED = [
    ("a targeted time", ["Cache-Control: max-age=0", "CDN-Cache-Control: public, max-age=60"],
     "hit", 60),
    ("a targeted time is shorter", [
        "Cache-Control: public, max-age=600", "CDN-Cache-Control: public, max-age=60"], "hit", 60),
    ("a targeted field stands for all of the other", [
        "Cache-Control: public", "CDN-Cache-Control: max-age=60"], "authenticated", None),
    ("a targeted s-maxage", ["CDN-Cache-Control: s-maxage=60"], "hit", 60),
    ("Expires means nothing beside a targeted field", [
        "Expires: 0", "CDN-Cache-Control: public"], "hit", 3600),
    ("Age counts against a targeted time", ["Age: 61", "CDN-Cache-Control: public, max-age=60"],
     "no-lifetime", None),
    ("a targeted no-store", [
        "Cache-Control: public, max-age=60",
        "CDN-Cache-Control: public, no-store"], "no-store", None),
    ("no-store beats a targeted permission", [
        "Cache-Control: no-store", "CDN-Cache-Control: public, max-age=60"], "no-store", None),
    ("a targeted private", [
        "Cache-Control: public, max-age=60",
        "CDN-Cache-Control: public, private"], "private", None),
    ("private beside a targeted permission", [
        "Cache-Control: private", "CDN-Cache-Control: public, max-age=60"], "hit", 60),
    ("the edge's own field first", [
        "Homeward-Cache-Control: public, max-age=60", "CDN-Cache-Control: no-store"], "hit", 60),
    ("the edge's own field refuses", [
        "Homeward-Cache-Control: public, no-store",
        "CDN-Cache-Control: public, max-age=60"], "no-store",
     None),
    ("an empty targeted field", [
        "Cache-Control: public, max-age=60", "CDN-Cache-Control: "], "hit", 60),
    ("a targeted field with an error", [
        "Cache-Control: public, max-age=60", "CDN-Cache-Control: no-store,"], "hit", 60),
    ("a targeted field in capitals is an error", [
        "Cache-Control: public, max-age=60", "CDN-Cache-Control: No-Store"], "hit", 60),
    ("a targeted decimal is no time", ["CDN-Cache-Control: public, max-age=60.0"], "hit", 3600),
    ("a targeted string is no time", ['CDN-Cache-Control: public, max-age="60"'], "hit", 3600),
    ("a targeted time below zero is none", ["CDN-Cache-Control: public, max-age=-60"], "hit", 3600),
    ("a targeted integer that is too long is an error", [
        "Cache-Control: public, max-age=60", "CDN-Cache-Control: max-age=1234567890123456"],
     "hit", 60),
    ("parameters mean nothing", ["CDN-Cache-Control: public, max-age=60;x=1;y"], "hit", 60),
    ("the last of a key counts", ["CDN-Cache-Control: public, max-age=0, max-age=60"], "hit", 60),
    ("a targeted flag may be false", ["CDN-Cache-Control: public, no-store=?0, max-age=60"], "hit",
     60),
    ("a false permission is none", ["CDN-Cache-Control: public=?0, max-age=60"], "authenticated",
     None),
    ("unknown members mean nothing", [
        "CDN-Cache-Control: public, x=(1 2);q, max-age=60, y=:aGk=:"], "hit", 60),
    ("a targeted field on two lines", [
        "CDN-Cache-Control: public", "CDN-Cache-Control: max-age=60"], "hit", 60),
    ("another cache's targeted field", [
        "Cache-Control: public, max-age=60", "Surrogate-Control: no-store"], "hit", 60),
]


def _timed(name, lines, verdict, left, age=0):
    """A case that also looks at how old and how long usable a hit is."""
    if verdict != "hit":
        return twice(name, lines, verdict)
    return case(name, ask(answer(*lines), stored=True), ask(ttl=left, age=age))


CASES = [
    *(_timed(*row) for row in _SPOKEN),
    *(_timed(name, ["Cache-Control: public", *lines], *rest) for name, lines, *rest in _EXPIRES),
    *(_timed(name, ["Cache-Control: public, max-age=60", *lines], *rest)
      for name, lines, *rest in _AGE),
    *(_timed(*row) for row in _TARGETED),
    twice("max-age outranks an Expires in the past",
          ["Cache-Control: public, max-age=60", "Expires: {now-60}"], "hit"),
    twice("max-age outranks an Expires that is no date",
          ["Cache-Control: public, max-age=60", "Expires: rubbish"], "hit"),
    twice("s-maxage outranks Expires", ["Cache-Control: s-maxage=60", "Expires: 0"], "hit"),
    twice("max-age that is no number outranks Expires",
          ["Cache-Control: public, max-age=x", "Expires: {now+60}"], "no-lifetime"),
    twice("a targeted no-cache",
          ["CDN-Cache-Control: public, no-cache, max-age=60", 'ETag: "a"'], "validated"),
    twice("no-cache beside a targeted permission",
          ["Cache-Control: no-cache", "CDN-Cache-Control: public, max-age=60"], "hit"),
    case("Age grows from what the origin said, and the answer is not older than that",
         ask(good("Age: 10"), fields={"age": "10"}), ask(age=10), ask(age=10)),
    case("an answer of the origin has no Age of ours",
         ask(good(), stored=True, fields={"age": None})),
    case("an expired answer is fetched anew",
         ask(good("Age: 61", 'ETag: "a"'), stored=True), ask(good('ETag: "b"'), stored=True),
         ask(shows=2)),
]
