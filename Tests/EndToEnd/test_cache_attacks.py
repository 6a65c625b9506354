"""Attacks on what is stored: poisoning, deception, denial by cached errors, smuggling."""

import json

from harness import h1
from harness.cachecase import CacheCase
from harness.cachetable import answer, good
from harness.script import Reply
from harness.waiting import until

EVIL = "evil.example"
P60 = "Cache-Control: public, max-age=60"
ECHO = Reply(lines=(P60,), is_echo=True)

#: Fields by which origins and gateways have been made to answer something else, and a value.
UNKEYED = [
    *((f"x-forwarded-{part}", EVIL)
      for part in ("host", "proto", "scheme", "port", "server", "prefix", "for", "path", "uri")),
    *((name, f"/{EVIL}") for name in ("x-original-url", "x-rewrite-url", "x-original-uri",
                                      "x-request-uri", "x-http-destinationurl")),
    *((name, "POST" + EVIL) for name in ("x-http-method-override", "x-http-method",
                                         "x-method-override")),
    *((name, EVIL) for name in (
        "forwarded", "x-host", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip",
        "x-wap-profile", "front-end-https", "x-amz-website-redirect-location", "base-url", "proxy",
        "x-backend", "x-debug", "x-role", "x-tenant", "x-fhir-tenant-id", "x-consent-scope",
        "ehr-region", "surrogate-capability", "cdn-loop", "max-forwards", "soapaction", "depth",
        "transfer-coding", "x-requested-with", "accept-charset", "referer", "from", "priority",
        "dnt", "sec-fetch-site", "user-agent", "save-data", "viewport-width", "if-none-match")),
    ("forwarded", f"host={EVIL};proto=http"),
    ("via", f"1.1 {EVIL}"), ("tracestate", f"a={EVIL}"), ("x-request-id", EVIL),
]

#: What a patient's record is asked for by, dressed as a file.
DECEPTIONS = (
    "/fhir/Patient/p1/{name}.css", "/fhir/Patient/p1.{name}.css", "/fhir/Patient/p1;{name}.css",
    "/fhir/Patient/p1;/{name}.css", "/fhir/Patient/p1%00{name}.css",
    "/fhir/Patient/p1%0a{name}.css", "/fhir/Patient/p1%2f{name}.css",
    "/fhir/Patient/p1%2f..%2f{name}.css", "/fhir/Patient/p1%23{name}.css",
    "/fhir/Patient/p1%3f{name}.css", "/fhir/Patient/p1%3b{name}.css",
    "/fhir/Patient/p1%5c{name}.css", "/fhir/Patient/p1?{name}.css",
    "/fhir/Patient/p1?_k={name}.css", "/fhir/Patient/p1/?{name}.css",
    "/fhir/Patient/p1//?{name}.css", "/app/..%2ffhir/Patient/p1?{name}",
    "/app/../fhir/Patient/p1?{name}", "/app/%2e%2e/fhir/Patient/p1?{name}.css",
    "/app/..;/fhir/Patient/p1/{name}.css", "/app/x/../../fhir/Patient/p1?{name}",
    "//fhir/Patient/p1?{name}.css", "/fhir//Patient/p1?{name}.css", "/./fhir/Patient/p1?{name}.css",
    "/fhir/Patient/./p1?{name}.css", "/fhir/Patient/p1/.?{name}.css", "/fhir/Patient/p1.?{name}",
    "/fhir/patient/p1?{name}.css", "/FHIR/Patient/p1/{name}.css", "/Fhir/Patient/p1/{name}.css",
    "/%66hir/Patient/p1/{name}.css", "/fhir/%50atient/p1?{name}.css",
    "/fhir%2fPatient/p1/{name}.css", "/fhir%252fPatient/p1/{name}.css",
    "/fhir/Patient%c0%af{name}/p1.css", "/fhir/Patient/p1%e0%80%af{name}.css",
    "/fhir;v=1/Patient/p1/{name}.css", "/fhir%3b/Patient/p1/{name}.css",
    "/;/fhir/Patient/p1/{name}.css", "/fhir%20/Patient/p1/{name}.css",
    "/fhir./Patient/p1/{name}.css", "/fhir%00/Patient/p1/{name}.css",
    "/fhir/ValueSet/../Patient/p1?{name}", "/fhir/ValueSet/%2e%2e/Patient/p1?{name}",
    "/fhir/ValueSet;/../Patient/p1?{name}", "/fhir/ValueSet/..;/Patient/p1/{name}",
    "/fhir/ValueSet/x/../../Patient/p1?{name}", "/fhir/ValueSet/{name}%2f..%2f..%2fPatient%2fp1",
)


class Poisoning(CacheCase):

    def asked(self, name):
        """The requests for a script at any origin."""
        return self.origin.asked(name) + self.east.asked(name)

    def test_fields_that_are_not_in_the_key_poison_nothing(self):
        for field, value in UNKEYED:
            for row in ("/fhir/ValueSet/{name}", "/fhir/Slot/{name}", "/app/{name}.js"):
                with self.subTest(f"{field} of {row}"):
                    name = self.name()
                    path = row.format(name=name)
                    self.origin.expect(name, ECHO, ECHO)
                    # Refused, answered for the attacker alone, or cleaned before it is stored.
                    self.get(path, "nora", (field, value))
                    victim = self.get(path, "nurse")
                    self.assertEqual(victim.status, 200)
                    self.assertNotIn(EVIL, victim.body.decode())

    def test_without_a_token_neither(self):
        for field, value in UNKEYED:
            with self.subTest(field):
                name = self.name()
                self.origin.expect(name, ECHO, ECHO)
                self.get(f"/app/{name}.js", None, (field, value))
                self.assertNotIn(EVIL, self.get(f"/app/{name}.js", None).body.decode())

    def test_queries_that_somebody_ignores_poison_nothing(self):
        for query in (f"utm_content={EVIL}", f"a=1;b={EVIL}", f"a=1&a={EVIL}", f"a%3d{EVIL}",
                      f"a=1%26b={EVIL}", f"?{EVIL}", f"&{EVIL}", f"a=1%00{EVIL}", f"a=1%23{EVIL}",
                      f"callback={EVIL}", f"_method={EVIL}", f"a[]={EVIL}", f"%61=1&{EVIL}"):
            for clean in ("", "?a=1", "?a=1&a=1"):
                with self.subTest(query=query, clean=clean):
                    name = self.name()
                    self.origin.expect(name, ECHO, ECHO)
                    self.get(f"/fhir/ValueSet/{name}?{query}", "nora")
                    victim = self.get(f"/fhir/ValueSet/{name}{clean}", "nurse")
                    self.assertEqual(victim.status, 200)
                    self.assertNotIn(EVIL, victim.body.decode())

    def test_records_dressed_as_files_are_not_stored(self):
        for pattern in DECEPTIONS:
            with self.subTest(pattern):
                name = self.name()
                path = pattern.format(name=name)
                canary = f"secret of {name}".encode()
                reply = good(body=canary, kind="application/fhir+json")
                for origin in (self.origin, self.east):
                    origin.expect(name, reply, reply)
                seen = self.get(path, "doctor")
                before = len(self.asked(name))
                # Whoever may not see the record, and whoever may: both are asked about anew.
                for who in (None, "southern", "doctor"):
                    found = self.get(path, who)
                    if seen.status == 200:
                        self.assertNotIn("hit", found.header("cache-status") or "", path)
                    else:
                        self.assertNotIn(canary, bytes(found.body), path)
                if seen.status == 200:
                    self.assertNotIn("stored", seen.header("cache-status") or "", path)
                    self.assertGreater(len(self.asked(name)), before, path)

    def test_a_file_that_turns_out_to_be_a_record_is_not_stored(self):
        for kind in ("application/fhir+json", "application/fhir+xml; charset=utf-8",
                     "application/json+fhir", "APPLICATION/FHIR+JSON"):
            with self.subTest(kind):
                name = self.name()
                self.origin.expect(name, good(kind=kind), good(kind=kind))
                for _ in range(2):
                    found = self.get(f"/app/{name}.js", None)
                    self.assertNotIn("stored", self.status(found))
                    self.assert_forwarded(found)

    def test_a_body_with_a_get_is_not_for_others(self):
        for connect in (self.h2, self.h1):
            with self.subTest(connect.__name__):
                name = self.name()
                path = f"/fhir/ValueSet/{name}"
                self.origin.expect(name, ECHO, ECHO, ECHO)
                client = connect()
                if connect == self.h2:
                    client.finish(client.request("GET", path, self.fields["nora"], b'{"a":"evil"}'))
                else:
                    client.request("GET", path, self.fields["nora"], b'{"a":"evil"}')
                    client.response()
                victim = self.get(path)
                self.assertEqual(json.loads(victim.body)["body"], 0)
                self.assertNotIn("hit", self.status(victim))

    def test_a_body_with_a_get_is_not_served_what_is_stored(self):
        name = self.name()
        self.origin.expect(name, good(), good())
        self.get(f"/fhir/ValueSet/{name}")
        self.assert_hit(self.get(f"/fhir/ValueSet/{name}"))
        found = self.get(f"/fhir/ValueSet/{name}", body=b"{}")
        self.assertNotIn("hit", found.header("cache-status") or "")

    def test_one_authority_does_not_answer_for_another(self):
        name = self.name()
        self.origin.expect(name, *(ECHO for _ in range(4)))
        token = "".join(f"{field}: {value}\r\n" for field, value in self.fields["nurse"])
        for host in ("edge.homeward.example", EVIL, "edge.homeward.example:444",
                     "edge.homeward.example.evil"):
            client = self.h1()
            client.send(f"GET /fhir/ValueSet/{name} HTTP/1.1\r\nHost: {host}\r\n{token}\r\n")
            found = client.response()
            self.assertNotIn("hit", self.status(found), host)
        client = self.h1()
        client.send(f"GET /fhir/ValueSet/{name} HTTP/1.1\r\nHost: EDGE.homeward.example\r\n"
                    f"{token}\r\n")
        found = client.response()
        self.assert_hit(found)
        self.assertNotIn(EVIL.encode(), bytes(found.body))

    def test_a_host_that_differs_from_the_authority_poisons_nothing(self):
        name = self.name()
        path = f"/fhir/ValueSet/{name}"
        self.origin.expect(name, ECHO, ECHO)
        self.get(path, "nora", ("host", EVIL), client=self.h2())
        self.assertNotIn(EVIL, self.get(path).body.decode())

    # Denial of service by what is stored.

    def test_an_error_that_an_attacker_provokes_is_not_for_others(self):
        fields = [("x-large", "l" * 7000), *((f"x-{i}", "l" * 900) for i in range(8)),
                  ("x-meta", "a\x01b"), ("x-meta", "a\x7fb"), ("x-meta", "\xff"),
                  ("x-http-method-override", "DELETE"), ("x-http-method-override", "HEAD"),
                  ("content-type", "\\"), ("accept", "\\x"), ("accept-encoding", "\\"),
                  ("range", "bytes=cow"), ("range", "bytes=99999-"), ("expect", "100-nope"),
                  ("if-match", '"no"'), ("upgrade", "h2c"), ("max-forwards", "0"),
                  ("x-forwarded-proto", "nohttps"), ("accept", "image/nothing"),
                  ("origin", "https://evil.example"), ("authorization", "Bearer nonsense")]
        for status in (400, 403, 404, 405, 406, 412, 413, 416, 431, 500, 501, 301):
            for field, value in fields if status == 400 else fields[::5]:
                with self.subTest(status=status, field=field, value=value[:20]):
                    name = self.name()
                    path = f"/app/{name}.js"
                    bad = answer(P60, "Location: /nowhere", status=status, body=b"error")
                    self.origin.expect(name, bad)
                    with h1.Connection(self.edge.port) as client:
                        client.request("GET", path, [(field, value)])
                        refused = client.response()
                    with self.origin.lock:
                        self.origin.scripts[name] = [good(body=b"good")]
                    found = self.get(path, None)
                    self.assertEqual((found.status, bytes(found.body)), (200, b"good"),
                                     refused.status)

    def test_a_vary_that_grows_is_bounded(self):
        name = self.name()
        for number in range(200):
            self.origin.expect(name, good("Vary: Accept"))
            self.get(f"/fhir/ValueSet/{name}", "nurse", ("accept", f"a/b{number}"))
        self.origin.expect(name, good("Vary: " + ", ".join(f"x-{i}" for i in range(2000))))
        found = self.get(f"/fhir/ValueSet/{name}", "nurse", ("accept", "a/c"))
        self.assertNotIn("stored", self.status(found))
        # The first variant lives, and no variant is another's.
        found = self.get(f"/fhir/ValueSet/{name}", "nurse", ("accept", "a/b0"))
        self.assert_hit(found)
        self.assertIn(b'"n":1}', bytes(found.body))

    # Answers that lie about themselves.

    def test_a_304_that_nobody_asked_for_stores_nothing(self):
        for lines in ((), ('ETag: "a"',), (P60, "Content-Type: text/html", "Link: <evil>")):
            name = self.name()
            self.origin.expect(name, answer(*lines, status=304))
            first = self.get(f"/fhir/ValueSet/{name}")
            self.assertNotIn("stored", first.header("cache-status") or "")
            self.origin.expect(name, good())
            found = self.get(f"/fhir/ValueSet/{name}")
            self.assertEqual(found.status, 200)
            self.assert_forwarded(found)

    def test_an_attackers_condition_does_not_make_a_304_everybodys(self):
        for field in (("if-none-match", '"a"'), ("if-none-match", "*"),
                      ("if-modified-since", "Sun, 06 Nov 2033 08:49:37 GMT")):
            name = self.name()
            self.origin.expect(name, answer(P60, 'ETag: "a"', status=304), good('ETag: "a"'))
            self.assertEqual(self.get(f"/fhir/ValueSet/{name}", "nora", field).status, 304)
            found = self.get(f"/fhir/ValueSet/{name}")
            self.assertEqual(found.status, 200)
            self.assertTrue(found.body)

    def test_an_attackers_range_does_not_become_the_whole(self):
        name = self.name()
        self.origin.expect(name, good(body=b"0"), good(body=b"0123456789"))
        # An origin that cuts and says 200.
        self.get(f"/fhir/ValueSet/{name}", "nora", ("range", "bytes=0-0"))
        self.assertEqual(bytes(self.get(f"/fhir/ValueSet/{name}").body), b"0123456789")

    def test_values_that_split_answers_do_not(self):
        for line in ("Link: a\rSet-Cookie: evil=1", "Link: a\x00b", "Link: a\nSet-Cookie: evil=1",
                     "Link: a\r\n folded", "Link\x00: a", "Link : a", ": a", "Li nk: a",
                     "Content-Length: 5\r\nContent-Length: 50", "Transfer-Encoding: chunked, x"):
            with self.subTest(line=line):
                name = self.name()
                self.origin.expect(name, good(line), good(line))
                for _ in range(2):
                    found = self.get(f"/fhir/ValueSet/{name}")
                    self.assertNotIn("set-cookie", dict(found.headers))
                    self.assertNotIn("hit", found.header("cache-status") or "")

    def test_encoded_line_breaks_split_nothing(self):
        name = self.name()
        path = f"/fhir/ValueSet/{name}?title=%0d%0aSet-Cookie:%20evil=1"
        self.origin.expect(name, ECHO, ECHO)
        for _ in range(2):
            found = self.get(path)
            self.assertNotIn("set-cookie", dict(found.headers))


class Smuggling(CacheCase):

    def prepare(self):
        """A victim's path and a stored answer for it."""
        name = self.name()
        self.origin.expect(name, good(body=b"the victim's"))
        self.get(f"/app/{name}.js", None)
        return name, f"/app/{name}.js"

    def test_a_smuggled_request_stores_nothing_under_anothers_name(self):
        for head in ("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n",
                     "Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n",
                     "Transfer-Encoding: xchunked\r\nContent-Length: {length}\r\n",
                     "Transfer-Encoding:\x0bchunked\r\nContent-Length: {length}\r\n",
                     "Content-Length: 0\r\nContent-Length: {length}\r\n",
                     "Content-Length: +{length}\r\n", "Content-Length : {length}\r\n",
                     "Content-Length: {length}\r\n", "Transfer-Encoding: chunked\r\n"):
            with self.subTest(head):
                victim, attacker = self.name(), self.name()
                hidden = f"0\r\n\r\nGET /app/{attacker}.js HTTP/1.1\r\nHost: evil\r\nX: "
                self.origin.expect(attacker, *(good(body=b"evil") for _ in range(4)))
                client = self.h1()
                client.send(
                    f"GET /app/{attacker}.js HTTP/1.1\r\nHost: edge.homeward.example\r\n"
                    f"{head.format(length=len(hidden))}\r\n{hidden}")
                client.send(f"GET /app/{victim}.js HTTP/1.1\r\nHost: edge.homeward.example\r\n\r\n")
                client.response(within=3)
                client.close()
                self.origin.expect(victim, good(body=b"good"), good(body=b"good"))
                for _ in range(2):
                    self.assertEqual(bytes(self.get(f"/app/{victim}.js", None).body), b"good")

    def test_a_hit_does_not_lose_its_place_among_pipelined_requests(self):
        name, path = self.prepare()
        other = self.name()
        self.origin.expect(other, good(body=b"the other's"), good(body=b"the other's"))
        # Whatever changes a file ends all that is kept of files.
        self.origin.expect(name, good(body=b"the victim's"))
        host = "Host: edge.homeward.example\r\n"
        tag = "If-None-Match: *\r\n"
        client = self.h1()
        client.send(
            f"GET {path} HTTP/1.1\r\n{host}\r\nHEAD {path} HTTP/1.1\r\n{host}\r\n"
            f"GET {path} HTTP/1.1\r\n{host}{tag}\r\nGET /app/{other}.js HTTP/1.1\r\n{host}\r\n"
            f"GET {path} HTTP/1.1\r\n{host}Range: bytes=0-2\r\n\r\n"
            f"POST /app/{other}.js HTTP/1.1\r\n{host}Content-Length: 3\r\n\r\nabc"
            f"GET {path} HTTP/1.1\r\n{host}\r\n")
        found = [client.response(method) for method in
                 ("GET", "HEAD", "GET", "GET", "GET", "POST", "GET")]
        self.assertEqual([answer.status for answer in found[:5]], [200, 200, 304, 200, 206])
        self.assertEqual([bytes(answer.body) for answer in found],
                         [b"the victim's", b"", b"", b"the other's", b"the", b"the other's",
                          b"the victim's"])

    def test_a_hit_with_a_body_that_was_not_read_is_followed_by_its_own_answer(self):
        name, path = self.prepare()
        hidden = b"GET /app/evil.js HTTP/1.1\r\nHost: evil\r\n\r\n"
        host = b"Host: edge.homeward.example\r\n"
        self.origin.expect(name, good(body=b"again"))
        client = self.h1()
        client.send(b"GET " + path.encode() + b" HTTP/1.1\r\n" + host
                    + b"Content-Length: %d\r\n\r\n" % len(hidden) + hidden
                    + b"GET " + path.encode() + b" HTTP/1.1\r\n" + host + b"\r\n")
        first, second = client.response(), client.response()
        if second.status is not None:
            self.assertIn(bytes(second.body), (b"the victim's", b"again"))
        self.assertIsNotNone(first.status)
        self.assertEqual(self.origin.seen("evil.js"), [])

    def test_lengths_that_lie_in_http2(self):
        name, path = self.prepare()
        for fields in ([("content-length", "5")], [("transfer-encoding", "chunked")],
                       [("content-length", "0"), ("content-length", "5")],
                       [("x-a", "b\r\nx-c: d")], [("x-a\r\nx-b", "c")]):
            client = self.h2()
            stream = client.request("GET", path, fields)
            client.wait(lambda: client.is_closed or client.streams[stream].is_over, "an end")
            if not client.is_closed:
                self.assertIn(client.streams[stream].status, (None, 400), fields)
        self.assertEqual(bytes(self.get(path, None).body), b"the victim's")

    def test_methods_that_caches_obey_are_not_obeyed(self):
        """They go where policy lets unknown methods go, and end what any change would end."""
        kept, victim = self.name(), self.name()
        self.origin.expect(kept, good())
        self.get(f"/fhir/ValueSet/{kept}")
        for method in ("PURGE", "BAN", "REFRESH", "INVALIDATE", "PROPFIND", "QUERY"):
            with self.subTest(method):
                path = f"/app/{victim}.js"
                self.origin.expect(victim, answer(status=501))
                client = self.h1()
                client.send(f"{method} {path} HTTP/1.1\r\nHost: edge.homeward.example\r\n\r\n")
                self.assertIn(client.response(within=3).status, (400, 405, 501))
                with self.origin.lock:
                    self.origin.scripts[victim] = []
                self.assert_hit(self.get(f"/fhir/ValueSet/{kept}"))
        name, path = self.prepare()
        for method in ("TRACE", "CONNECT"):
            with self.subTest(method):
                client = self.h1()
                client.send(f"{method} {path} HTTP/1.1\r\nHost: edge.homeward.example\r\n\r\n")
                self.assertGreaterEqual(client.response(within=3).status or 500, 400)
        self.assertEqual([seen.method for seen in self.origin.asked(name)[1:]], [])
        self.assert_hit(self.get(path, None))

    def test_fields_that_caches_obey_are_not(self):
        name, path = self.prepare()
        for field in (("cache-group-invalidation", '"all"'), ("surrogate-key", "all"),
                      ("x-purge", "1"), ("cache-groups", '"all"'), ("fastly-purge", "1")):
            self.origin.expect(name, good(body=b"the victim's"))
            self.get(path, None, field)
            with self.origin.lock:
                self.origin.scripts[name] = []
            self.assert_hit(self.get(path, None))

    def test_what_stopped_an_attack_is_on_record(self):
        name = self.name()
        path = f"/fhir/ValueSet/{name}"
        attacks = [
            ("passed", "unkeyed-field", ("x-evil", "1"), good()),
            ("passed", "unkeyed-field", ("x-request-host", EVIL), good()),
            ("passed", "vary-unmatchable", None, good("Vary: *")),
            ("passed", "vary-undeclared", None, good("Vary: X-Role")),
            ("passed", "set-cookie", None, good("Set-Cookie: a=b")),
            ("passed", "clear-site-data", None, good('Clear-Site-Data: "*"')),
            ("passed", "partial", None, good("Content-Range: bytes 0-1/2")),
            ("passed", "status", None, good(status=400)),
            ("passed", "authenticated", None, answer("Cache-Control: max-age=60")),
            ("passed", "state-condition", ("if-match", '"a"'), good()),
        ]
        for verdict, reason, field, reply in attacks:
            with self.subTest(reason=reason, field=field):
                self.origin.expect(name, reply)
                found = self.get(path, "nurse", *([field] if field else []))
                self.assertEqual(self.status(found).get("detail"), reason)
                decision = found.header("ehr-decision-id")

                def outcome():
                    lines = self.edge.audit_text("--decision", decision).splitlines()
                    return next((record for record in map(json.loads, lines)
                                 if record["kind"] == "outcome"), None)
                record = until(outcome, "an outcome on record")
                self.assertEqual((record["cache"]["verdict"], record["cache"]["reason"]),
                                 (verdict, reason))

    def test_what_is_stored_shows_in_no_log(self):
        name, path = self.prepare()
        self.assert_hit(self.get(path, None))
        self.get(f"/fhir/ValueSet/{name}", "nurse")
        token = self.fields["nurse"][0][1].split(".")[1]
        until(lambda: self.edge.log(), "a log")
        for secret in (token, name, "the victim's"):
            self.assertNotIn(secret, self.edge.log())


