"""Who is served from where by the shipped policy, and how a refusal reads."""

import json
import subprocess

from harness import geo, h2, hpack, workshop
from harness.case import EdgeCase, document, operation
from harness.clinic import ClinicCase
from harness.waiting import until

VITALS = "/fhir/Observation?patient={}&category=vital-signs"


class ShippedPolicy(ClinicCase):

    patients = ["p1001,us-west,US-AZ,granted,", "p1002,us-east,US-NY,granted,",
                "p1003,us-west,US-CA,withdrawn,"]

    def assert_served(self, path, region, source, *arguments, user=geo.ARIZONA):
        """The request is served by that region's server of that tier."""
        reply = self.fetch(path, *arguments, source=user)
        self.assertIn(reply.status, (200, 404), reply)
        self.assertEqual(reply.header("ehr-region"), region)
        self.assertTrue(reply.header("ehr-freshness").startswith(f"source={source}"),
                        reply.header("ehr-freshness"))

    def test_the_chart_comes_from_the_nearest_copy(self):
        self.assert_served(VITALS.format("p1001"), "us-west", "replica")
        self.assert_served(VITALS.format("p1001"), "us-east", "replica", user=geo.NEW_YORK)
        self.assert_served(VITALS.format("p1002"), "us-west", "replica")

    def test_an_unknown_location_is_served_at_home(self):
        self.assert_served(VITALS.format("p1002"), "us-east", "replica", user=geo.NOWHERE)

    def test_writes_go_to_the_home_primary(self):
        self.assert_served("/fhir/Observation/p1002.echo", "us-east", "primary",
                           "-X", "PUT", "-H", "Content-Type: application/fhir+json", "-d",
                           '{"resourceType":"Observation"}')

    def test_medications_come_from_the_home_primary(self):
        self.assert_served("/fhir/MedicationRequest?patient=p1002", "us-east", "primary")

    def test_forbidden_by_a_deny_rule(self):
        reply = self.fetch(VITALS.format("p1001"), source=geo.GERMANY)
        self.assert_outcome(reply, 403, "forbidden")
        self.assertIn("rule=D-1", reply.header("ehr-policy"))
        self.assertIn("outside the United States",
                      reply.json["issue"][0]["details"]["text"])
        self.assertEqual(reply.header("ehr-region"), "none")

    def test_a_forged_location_changes_nothing(self):
        reply = self.fetch(VITALS.format("p1001"), "-H", "X-Forwarded-For: 127.0.0.1",
                           source=geo.GERMANY)
        self.assert_outcome(reply, 403, "forbidden")

    def test_an_unknown_patient(self):
        self.assert_outcome(self.fetch(VITALS.format("p9999")), 403, "forbidden")

    def test_no_rule(self):
        reply = self.fetch("/fhir/ValueSet/abc", "-X", "POST", "-d", "{}")
        self.assert_outcome(reply, 403, "no-rule")

    def test_unavailable(self):
        for i in (1, 2):
            self.origins[f"us-east-{i}"].kill()
        until(lambda: len(self.edge.endpoints("down")) == 2, "the region to be missed")
        reply = self.fetch("/fhir/MedicationRequest?patient=p1002")
        self.assert_outcome(reply, 503, "unavailable")
        self.assertIsNotNone(reply.header("retry-after"))
        for i in (1, 2):
            self.origins[f"us-east-{i}"].start()
        until(lambda: len(self.edge.endpoints("healthy")) == 6, "the region to be back")

    def test_two_patients_in_one_request(self):
        reply = self.fetch("/fhir/Patient/p1001/Observation?patient=p1002")
        self.assert_outcome(reply, 422, "several-patients")

    def test_paths_that_two_readers_take_differently(self):
        """Refused, or decided and forwarded in the one form that cannot be mistaken."""
        for path, canonical in (
            ("/fhir/Patient/..%2fp1001", None), ("/fhir/Patient/p1001%00", None),
            ("/fhir/Patient\\p1001", None), ("/fhir/Patient/%2e%2e/metadata", "/fhir/metadata"),
            ("/fhir/./Patient/p1001", "/fhir/Patient/p1001"),
            ("/fhir//Patient/p1001", "/fhir/Patient/p1001"),
            ("/fhir/%50atient/p1001", "/fhir/Patient/p1001"),
        ):
            with self.subTest(path=path):
                for origin in self.origins.values():
                    origin.forget()
                reply = self.fetch(path, "--path-as-is")
                seen = {r.target for origin in self.origins.values() for r in origin.requests}
                if canonical is None:
                    self.assertEqual((reply.status, seen), (400, set()), reply)
                else:
                    self.assertIn(reply.status, (200, 404), reply)
                    self.assertEqual(seen, {canonical})

    def test_a_refusal_of_head_has_no_body(self):
        reply = self.fetch(VITALS.format("p9999"), "--head")
        self.assertEqual((reply.code, reply.status), (0, 403), reply)

    def test_no_refusal_or_log_line_names_a_patient(self):
        reply = self.fetch(VITALS.format("p1003"), source=geo.GERMANY)
        self.assertNotIn(b"p1003", reply.body)
        self.assertNotIn("p100", self.edge.log())


HOST = "Host: edge.homeward.example\r\n"
LONG = "a" * 20_000

#: What HTTP/1.1 clients send: the answer's status and reason, and the method in the record.
OVER_HTTP1 = {
    "words instead of HTTP": ("hello edge\r\n\r\n", 400, "malformed-request", "other"),
    "bytes of a stranger": ("\0\1\2\xff" * 20 + "\r\n", 400, "malformed-request", "other"),
    "a folded line": (
        f"GET / HTTP/1.1\r\n{HOST}A: b\r\n c\r\n\r\n", 400, "malformed-request", "GET"),
    "no host": ("PUT / HTTP/1.1\r\n\r\n", 400, "malformed-request", "PUT"),
    "two lengths": (
        f"POST / HTTP/1.1\r\n{HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        400, "malformed-request", "POST"),
    "an encoded slash": (
        f"GET /fhir/a%2fb HTTP/1.1\r\n{HOST}\r\n", 400, "target-not-canonical", "GET"),
    "a tunnel": (
        f"CONNECT a.example:443 HTTP/1.1\r\n{HOST}\r\n", 405, "tunnel-refused", "CONNECT"),
    "a long target": (
        f"GET /{LONG} HTTP/1.1\r\n{HOST}\r\n", 414, "target-too-long", "other"),
    "an unknown expectation": (
        f"GET / HTTP/1.1\r\n{HOST}Expect: more\r\n\r\n", 417, "expectation-refused", "GET"),
    "a large header section": (
        f"GET / HTTP/1.1\r\n{HOST}" + f"A: {LONG}\r\n" * 5 + "\r\n", 431, "fields-too-large",
        "GET"),
    "too many fields": (
        f"GET / HTTP/1.1\r\n{HOST}" + "A: b\r\n" * 200 + "\r\n", 431, "fields-too-large",
        "GET"),
    "an unknown coding": (
        f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: x\r\n\r\n", 501, "coding-refused",
        "POST"),
    "a long method": (f"{'A' * 30} / HTTP/1.1\r\n{HOST}\r\n", 501, "method-refused", "other"),
    "a version of the future": (
        f"GET / HTTP/3.0\r\n{HOST}\r\n", 505, "version-refused", "other"),
}

#: The same for HTTP/2: method, target, further fields.
OVER_HTTP2 = {
    "an encoded slash": (("GET", "/fhir/a%2fb"), 400, "target-not-canonical"),
    "an underscore": (("GET", "/", [("x_tenant", "1")]), 400, "malformed-request"),
    "another host": (("PUT", "/", [("host", "other.example")]), 400, "malformed-request"),
    "a long target": (("GET", f"/{LONG}"), 414, "target-too-long"),
    "a large header section": (
        ("GET", "/", [(f"a{i}", "b" * 7_000) for i in range(10)]), 431, "fields-too-large"),
    "too many fields": (
        ("DELETE", "/", [(f"a{i}", "b") for i in range(200)]), 431, "fields-too-large"),
    "a long method": (("A" * 30, "/"), 501, "method-refused"),
}


class Unread(EdgeCase):
    """Requests that the parsers refuse: each is a decision, with an answer and a record."""

    @classmethod
    def settings(cls):
        return {"timeouts": {"client_stall": "1s"}, "loops": 1}

    def assert_refused(self, reply, status, code, method):
        """The answer has all its fields and a body that reads, and its decision is on record."""
        self.assert_outcome(reply, status, code)
        self.assertEqual(reply.header("ehr-region"), "none")
        self.assertEqual(reply.header("ehr-freshness"), "source=none")
        self.assertRegex(reply.header("ehr-policy"), "^[a-z-]+;version=1$")
        self.assertIn(f'details="{code}"', reply.header("proxy-status"))
        self.assertRegex(reply.header("proxy-status"), "error=http_request_error")
        self.assertRegex(reply.header("date"), "^[A-Z][a-z]{2}, [0-9]{2} .* GMT$")
        self.assertEqual(reply.header("allow") is not None, status == 405)
        decision, outcome = self.recorded(reply.header("ehr-decision-id"))
        self.assertEqual((decision["kind"], decision["verdict"], decision["reason"]),
                         ("decision", "reject", code), decision)
        self.assertEqual((decision["method"], decision["policyVersion"], decision.get("rule")),
                         (method, 1, None))
        self.assertEqual((outcome["kind"], outcome["status"], outcome["proxyError"]),
                         ("outcome", status, "http_request_error"), outcome)
        self.assertEqual(self.origin.requests, [])

    def recorded(self, name):
        """What `homeward audit show` finds of a decision."""
        def show():
            return subprocess.run(
                [workshop.binary(), "audit", "show", self.edge.folder / "audit", "--json",
                 "--decision", name], capture_output=True, text=True,
                stdin=subprocess.DEVNULL).stdout.splitlines()
        until(lambda: len(show()) == 2, f"the records of {name}")
        return map(json.loads, show())

    def test_over_http1(self):
        for name, (text, status, code, method) in OVER_HTTP1.items():
            with self.subTest(name):
                client = self.h1()
                # Also what is longer than the edge reads: it lingers until the client has ended.
                client.send(text)
                answer = client.response(method)
                self.assertTrue(answer.is_complete)
                self.assertEqual(answer.header("connection"), "close")
                self.assert_refused(answer, status, code, method)
                self.assertTrue(client.is_closed())

    def test_over_http2(self):
        client = self.h2()
        for name, (request, status, code) in OVER_HTTP2.items():
            with self.subTest(name):
                # What is over the limits is not looked at.
                method = "other" if code in ("method-refused", "fields-too-large") else request[0]
                answer = client.finish(client.request(*request))
                self.assertIsNone(answer.reset)
                self.assert_refused(answer, status, code, method)
        self.assertEqual(client.get("/fhir/metadata").status, 200)

    def test_an_http2_tunnel(self):
        client = self.h2()
        block = hpack.encode([(":method", "CONNECT"), (":authority", "a.example:443")])
        client.streams[1] = h2.Stream()
        client.send(h2.frame(h2.HEADERS, h2.END_HEADERS, 1, block))
        self.assert_refused(client.finish(1), 405, "tunnel-refused", "CONNECT")

    def test_an_http2_body_behind_a_refused_head(self):
        client = self.h2()
        stream, frames = client.head("PUT", "/fhir/a%2fb", end=False)
        client.send(frames)
        state = client.streams[stream]
        client.wait(lambda: state.reset is not None, "the rest to be refused")
        self.assertEqual(state.reset, 0)
        self.assert_refused(state, 400, "target-not-canonical", "PUT")
        self.assertEqual(client.get("/fhir/metadata").status, 200)

    def test_a_request_before_a_refused_one_is_answered(self):
        client = self.h1()
        client.send(f"GET {document('bytes-10')} HTTP/1.1\r\n{HOST}\r\nhello\r\n\r\n")
        self.assertEqual(client.response().status, 200)
        self.origin.forget()
        self.assert_refused(client.response(), 400, "malformed-request", "other")
        self.assertTrue(client.is_closed())

    def test_head_is_answered_without_a_body(self):
        client = self.h1()
        client.send(f"HEAD /fhir/a%2fb HTTP/1.1\r\n{HOST}\r\n")
        answer = client.response("HEAD")
        self.assertEqual(answer.status, 400)
        self.recorded(answer.header("ehr-decision-id"))
        self.assertTrue(client.is_closed())
        client = self.h2()
        answer = client.finish(client.request("HEAD", "/fhir/a%2fb"))
        self.assertEqual((answer.status, bytes(answer.body)), (400, b""))

    def test_others_get_a_problem_document(self):
        client = self.h2()
        stream = client.request("GET", "/fhir/a%2fb", [("accept", "text/html")])
        answer = client.finish(stream)
        self.assertEqual(answer.header("content-type"), "application/problem+json")
        self.assertEqual(json.loads(bytes(answer.body))["title"], "target-not-canonical")

    def test_a_body_that_breaks_off_is_told_by_its_own_decision(self):
        client = self.h1()
        client.send(f"POST {document('echo')} HTTP/1.1\r\n{HOST}"
                    "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        until(lambda: self.origin.seen("echo"), "the request to reach its origin")
        client.send("zz\r\n")
        answer = client.response()
        self.assert_outcome(answer, 400, "malformed-request")
        self.assertIn("rule=", answer.header("ehr-policy"))
        self.assertTrue(client.is_closed())
        decision, outcome = self.recorded(answer.header("ehr-decision-id"))
        self.assertEqual((decision["verdict"], outcome["status"]), ("permit", 400))
        request, = self.origin.seen("echo")
        until(lambda: request.is_over, "the origin to be told")
        self.assertFalse(request.is_complete)

    def test_a_client_that_holds_its_body_back_is_told_so(self):
        text = f"POST {operation('echo')} HTTP/1.1\r\n{HOST}Content-Length: 9\r\n\r\nhalf"
        one = self.h1()
        one.send(text)
        two = self.h2()
        stream, frames = two.head("POST", operation("echo"), end=False)
        two.send(frames)
        for answer in (one.response(), two.finish(stream)):
            self.assert_outcome(answer, 408, "request-timeout")
            self.assertIn("rule=", answer.header("ehr-policy"))
            _, outcome = self.recorded(answer.header("ehr-decision-id"))
            self.assertEqual(outcome["status"], 408)
        self.assertTrue(one.is_closed())
        state = two.streams[stream]
        two.wait(lambda: state.reset is not None, "the rest to be refused")
        self.assertEqual(two.get("/fhir/metadata").status, 200)
        self.assertNotRegex(self.edge.log(), "suspect|ejected")
