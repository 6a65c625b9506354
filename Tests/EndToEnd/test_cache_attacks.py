"""Attacks on what is stored: poisoning, deception, denial by cached errors."""

import json

from harness import h1
from harness.cachecase import CacheCase
from harness.cachetable import answer, good
from harness.script import Reply

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
    ("cookie", f"theme={EVIL}"),
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
        stored_count = 0
        for field, value in UNKEYED:
            for row in ("/fhir/ValueSet/{name}", "/fhir/Slot/{name}", "/app/{name}.js"):
                with self.subTest(f"{field} of {row}"):
                    name = self.name()
                    path = row.format(name=name)
                    self.origin.expect(name, ECHO, ECHO)
                    # Refused, answered for the attacker alone, or cleaned before it is stored.
                    found = self.get(path, "nora", (field, value))
                    stored_count += "stored" in (found.header("cache-status") or "")
                    victim = self.get(path, "nurse")
                    self.assertEqual(victim.status, 200)
                    self.assertNotIn(EVIL, victim.body.decode())
        self.assertGreater(stored_count, 20, "nothing that an attacker asked for is stored")

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
