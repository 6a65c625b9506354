"""Requests within requests before a cache, and what caches have been made to obey."""

import json

from harness.cachecase import CacheCase
from harness.cachetable import answer, good
from harness.waiting import until

EVIL = "evil.example"


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


