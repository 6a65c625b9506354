"""What may be stored: RFC 9111 section 3, and what the edge asks beyond it."""

import re

from harness.cachetable import NO_CONDITIONS, answer, ask, case, good, twice

P = "Cache-Control: public, max-age=60"

#: (name, lines, what becomes of the answer).
_FIELDS = [
    ("no-store", ["Cache-Control: public, no-store"], "no-store"),
    ("no-store beside permissions", ["Cache-Control: public, max-age=60, no-store"], "no-store"),
    ("no-store in capitals", ["Cache-Control: public, NO-STORE"], "no-store"),
    ("no-store with a value", ['Cache-Control: public, no-store="x"'], "no-store"),
    ("no-store on another line", [P, "Cache-Control: no-store"], "no-store"),
    ("no-store behind rubbish", ["Cache-Control: =;?, public, no-store"], "no-store"),
    ("private", ["Cache-Control: private, max-age=60"], "authenticated"),
    ("private beside public", ["Cache-Control: public, private"], "private"),
    ("private of some fields", ['Cache-Control: public, private="set-cookie"'], "private"),
    ("no-cache without a validator", ["Cache-Control: public, no-cache"], "no-lifetime"),
    ("no-cache", ["Cache-Control: public, no-cache", 'ETag: "a"'], "validated"),
    ("no-cache and a long time", ["Cache-Control: public, no-cache, max-age=60", 'ETag: "a"'],
     "validated"),
    ("no-cache of some fields", ['Cache-Control: public, no-cache="x"', 'ETag: "a"'], "validated"),
    ("no-cache in capitals", ["Cache-Control: public, No-Cache", 'ETag: "a"'], "validated"),
    ("must-understand of what is understood",
     ["Cache-Control: public, must-understand, no-store, max-age=60"], "hit"),
    ("Set-Cookie", [P, "Set-Cookie: a=b"], "set-cookie"),
    ("an empty Set-Cookie", [P, "Set-Cookie: "], "set-cookie"),
    ("Clear-Site-Data", [P, 'Clear-Site-Data: "cache"'], "clear-site-data"),
    ("for scripts of all origins", [P, "Access-Control-Allow-Origin: *"], "hit"),
    ("for scripts of one origin", [P, "Access-Control-Allow-Origin: https://a.example"], "hit"),
    ("a part that says 200", [P, "Content-Range: bytes 0-9/20"], "partial"),
    ("Vary: Accept", [P, "Vary: Accept"], "hit"),
    ("Vary in capitals", [P, "Vary: ACCEPT, ACCEPT-ENCODING"], "hit"),
    ("Vary: Prefer", [P, "Vary: Prefer"], "hit"),
    ("Vary: Accept-Language", [P, "Vary: Accept-Language"], "hit"),
    ("Vary: Origin", [P, "Vary: Origin"], "hit"),
    ("an empty Vary", [P, "Vary: "], "hit"),
    ("Vary of empty members", [P, "Vary: , ,Accept,"], "hit"),
    ("Vary: *", [P, "Vary: *"], "vary-unmatchable"),
    ("Vary: * among others", [P, "Vary: *, Accept"], "vary-unmatchable"),
    ("Vary: * behind an empty member", [P, "Vary: , *"], "vary-unmatchable"),
    ("Vary: * on another line", [P, "Vary: Accept", "Vary: *"], "vary-unmatchable"),
    ("Vary that is no list of names", [P, "Vary: a b"], "vary-unmatchable"),
    ("Vary by a hundred names", [P, "Vary: " + ",".join(f"h{i}" for i in range(100))],
     "vary-unmatchable"),
    ("Vary: Authorization", [P, "Vary: Authorization"], "vary-undeclared"),
    ("Vary: Cookie", [P, "Vary: Cookie"], "vary-undeclared"),
    ("Vary: User-Agent", [P, "Vary: Accept, User-Agent"], "vary-undeclared"),
    ("Vary by what nobody knows", [P, "Vary: X-Role"], "vary-undeclared"),
    ("an answer that names another place", [P, "Content-Location: /fhir/ValueSet/other"], "hit"),
    ("a long list of links", [P, "Link: " + ", ".join(["</x>; rel=next"] * 1300)],
     "head-too-large"),
]

#: What an answer to a request with a token must say (RFC 9111 section 3.5).
_AUTHORIZED = [
    ("public", ["Cache-Control: public"], "hit"),
    ("s-maxage", ["Cache-Control: s-maxage=60"], "hit"),
    ("must-revalidate", ["Cache-Control: must-revalidate, max-age=60"], "hit"),
    ("max-age alone", ["Cache-Control: max-age=60"], "authenticated"),
    ("Expires alone", ["Expires: {now+60}"], "authenticated"),
    ("proxy-revalidate alone", ["Cache-Control: proxy-revalidate, max-age=60"], "authenticated"),
    ("immutable alone", ["Cache-Control: immutable, max-age=60"], "authenticated"),
    ("a validator alone", ['ETag: "a"'], "authenticated"),
    ("nothing", [], "authenticated"),
    ("an unknown word", ["Cache-Control: publicly, max-age=60"], "authenticated"),
    ("permission behind a semicolon", ["Cache-Control: max-age=60; public"], "authenticated"),
    ("permission in quotes", ['Cache-Control: foo="public", max-age=60'], "authenticated"),
]

#: Statuses whose answers are not stored, whatever they say; redirections are the client's.
_STATUSES = (201, 202, 203, 204, 299, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405,
             406, 409, 410, 412, 413, 414, 415, 421, 422, 428, 429, 431, 451, 500, 501)

_STARTS = {"sent": NO_CONDITIONS}
_WHOLE = {"fields": {"content-length": re.compile(r"^\d+$")}}


def _status(status):
    """A status of which nothing is stored."""
    bare = {"shows": None} if status == 204 else {}
    return case(f"status {status}", ask(answer(P, status=status), stored=False, detail="status",
                                        **bare),
                ask(answer(P, status=status), stored=False, **bare, **_STARTS))


CASES = [
    *(twice(*row) for row in _FIELDS),
    *(twice(f"with a token: {name}", lines, verdict) for name, lines, verdict in _AUTHORIZED),
    *(_status(status) for status in _STATUSES),
    twice("without a token max-age is enough", ["Cache-Control: max-age=60"], "hit", row="asset",
          who=None),
    twice("without a token and without a word, the row's time", [], "hit", row="asset", who=None),
    case("with a cookie nothing is stored, whatever the answer says",
         *(ask(answer(line), send=["Cookie: a=b"], who=None, stored=False)
           for line in ("Cache-Control: max-age=60", P)),
         ask(answer(P), who=None, stored=True, shows=3), row="asset"),
    case("with a cookie what is stored is served",
         ask(answer(P), who=None, stored=True), ask(who=None, send=["Cookie: a=b"]), row="asset"),
    case("with a cookie nothing is validated for others",
         ask(answer(P, "Age: 90", 'ETag: "a"'), who=None, stored=True),
         ask(answer(P), who=None, send=["Cookie: a=b"], stored=False, sent=NO_CONDITIONS),
         ask(answer('ETag: "a"', status=304), who=None, sent={"if-none-match": '"a"'}, shows=1),
         row="asset"),
    twice("must-understand of what is not understood",
          ["Cache-Control: public, must-understand, max-age=60"], "must-understand", status=299),
    twice("a chunked answer", [P], "hit", framing="chunked"),
    twice("an empty body", [P], "hit", body=b""),
    twice("a large body", [P], "hit", body=b"x" * 900_000),
    twice("a body that is too large", [P], "too-large", body=b"x" * 9_000_000),
    case("a body that turns out to be too large",
         ask(good(body=b"x" * 9_000_000, framing="chunked")),
         ask(good(body=b"y" * 10), stored=True), ask()),
    case("an answer with trailers is not stored",
         ask(good(framing="trailers"), fields={"age": None}), ask(good(framing="trailers"))),
    case("an answer cut short is not stored, and never served as whole",
         ask(good(framing="short"), complete=False), ask(good(), stored=True, shows=2),
         ask(shows=2)),
    case("an answer without its last chunk is not stored",
         ask(good(framing="torn"), complete=False), ask(good(), stored=True, shows=2), ask()),
    case("a connection that is reset in the middle",
         ask(good(framing="reset"), complete=False), ask(good(), stored=True, shows=2), ask()),
    case("an interim answer is neither stored nor mixed in",
         ask(good(hints=("Link: </style.css>; rel=preload",)), stored=True,
             fields={"link": None}), ask(fields={"link": None})),
    case("what Connection names is not stored",
         ask(good("Connection: link", "Link: </a>"), stored=True), ask(fields={"link": None})),
    case("hop-by-hop fields are not stored",
         ask(good("Keep-Alive: timeout=5", "Proxy-Authenticate: Basic"), stored=True),
         ask(fields={"keep-alive": None, "proxy-authenticate": None, "connection": None})),
    case("fields that the row does not list are not stored",
         ask(good("X-Debug: secret", "Server: origin"), stored=True),
         ask(fields={"x-debug": None, "server": None})),
    case("fields that describe the answer are",
         ask(good('ETag: W/"3"', "Last-Modified: Sun, 06 Nov 2016 08:49:37 GMT",
                  "Content-Language: de"), stored=True),
         ask(fields={"etag": 'W/"3"', "last-modified": "Sun, 06 Nov 2016 08:49:37 GMT",
                     "content-language": "de", "content-type": "application/fhir+json",
                     "cache-control": "public, max-age=60"}, **{})),
    case("a hit has the length of its body", ask(good(), stored=True), ask(**_WHOLE)),
    case("an authority of its own says who answered a hit",
         ask(good(), stored=True),
         ask(fields={"ehr-freshness": re.compile("^source=cache"),
                     "ehr-decision-id": re.compile("^[0-9a-f]{32}$"),
                     "ehr-policy": re.compile("rule=R-2")})),
    case("what the origin says about caches before it does not speak for this one",
         ask(good("Cache-Status: ours; hit", "Age: 5"), stored=True),
         ask(fields={"cache-status": re.compile("^homeward; hit")})),
    case("a refused answer is no reason against the next",
         ask(answer("Cache-Control: no-store"), stored=False), ask(good(), stored=True), ask()),
    case("what is missing is not remembered: no row of a policy can ask for that",
         ask(answer(P, status=404)), ask(good(), stored=True), ask()),
    case("an answer for scripts of one origin is for its own scripts",
         ask(good("Access-Control-Allow-Origin: https://a.example", "Vary: Origin"),
             send=["Origin: https://a.example"], stored=True),
         ask(good("Access-Control-Allow-Origin: https://b.example", "Vary: Origin"),
             send=["Origin: https://b.example"], stored=True),
         ask(send=["Origin: https://a.example"], shows=1,
             fields={"access-control-allow-origin": "https://a.example"}),
         ask(send=["Origin: https://b.example"], shows=2,
             fields={"access-control-allow-origin": "https://b.example"})),
]
