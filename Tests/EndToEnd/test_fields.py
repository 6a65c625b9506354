"""Fields that the edge adds, and fields that it does not believe."""

import re

from harness import geo
from harness.case import EdgeCase, document
from harness.edge import Edge, Endpoint
from harness.origin import Origin


class Fields(EdgeCase):

    def test_every_answer_says_who_decided_what(self):
        seen = set()
        for http in ("--http2", "--http1.1"):
            for path in (document("bytes-10"), document("status-404"), "/fhir/metadata"):
                with self.subTest(http=http, path=path):
                    reply = self.fetch(path, http=http)
                    self.assertEqual(reply.header("ehr-region"), "west")
                    self.assertRegex(reply.header("ehr-decision-id"), "^[0-9a-f]{32}$")
                    self.assertRegex(
                        reply.header("ehr-policy"), r"^transport;version=1;rule=T-[123]$")
                    self.assertTrue(reply.header("ehr-freshness").startswith("source=primary"))
                    self.assertRegex(
                        reply.header("proxy-status"),
                        r'^homeward; next-hop="west-1"; next-protocol="http/1\.1"; '
                        r"received-status=\d+$")
                    self.assertEqual(reply.header("via"), "1.1 homeward")
                    seen.add(reply.header("ehr-decision-id"))
        self.assertEqual(len(seen), 6, "decision ids repeat")

    def test_decision_ids_are_unique(self):
        client = self.h2()
        streams = [client.request("GET", document("bytes-1")) for _ in range(50)]
        ids = {client.finish(stream).header("ehr-decision-id") for stream in streams}
        self.assertEqual(len(ids), 50)

    def test_an_origin_cannot_speak_for_the_edge(self):
        for connect in (self.h2, self.h1):
            answer = connect().get(document("spoof"))
            for name, count in (("ehr-region", 1), ("ehr-decision-id", 1), ("ehr-policy", 1),
                                ("ehr-freshness", 1), ("x-hop", 0), ("alt-svc", 0),
                                ("keep-alive", 0)):
                values = [value for key, value in answer.headers if key == name]
                self.assertEqual(len(values), count, (name, values))
                self.assertFalse({"moon", "forged", "source=forged"} & set(values))

    def test_what_a_client_claims_does_not_reach_the_origin(self):
        claims = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9"),
                  ("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "http"),
                  ("x-real-ip", "203.0.113.9"), ("ehr-region", "moon"), ("ehr-decision-id", "1"),
                  ("ehr-break-glass", "yes"), ("x-fhir-dsid", "victim"), ("X-EHR-Role", "admin")]
        for connect in (self.h2, self.h1):
            with self.subTest(client=connect.__name__):
                names = [(n.lower(), v) for n, v in claims]
                self.assertEqual(connect().get(document("echo"), names).status, 200)
                request = self.origin.requests[-1]
                for name in ("ehr-region", "ehr-decision-id", "ehr-break-glass", "x-fhir-dsid",
                             "x-real-ip"):
                    self.assertEqual(request.values(name), [], name)
                self.assertEqual(request.values("x-forwarded-host"), ["edge.homeward.example"])
                self.assertNotIn("evil.example", str(request.headers))
                self.assertEqual(request.values("x-forwarded-for"), ["127.0.0.1"])
                self.assertEqual(request.values("x-forwarded-proto"), ["https"])
                self.assertEqual(len(request.values("forwarded")), 1)
                self.assertNotIn("203.0.113.9", str(request.headers))

    def test_hop_by_hop_fields_end_here(self):
        client = self.h1()
        client.get(document("echo"), [
            ("Connection", "keep-alive, X-Secret, X-Forwarded-For"), ("X-Secret", "1"),
            ("Keep-Alive", "timeout=5"), ("Proxy-Authorization", "Basic x"),
            ("Upgrade", "websocket"), ("TE", "gzip")])
        request = self.origin.requests[-1]
        for name in ("x-secret", "keep-alive", "upgrade", "te"):
            self.assertEqual(request.values(name), [], name)
        self.assertEqual(request.values("x-forwarded-for"), ["127.0.0.1"])

    def test_the_request_is_traceable(self):
        self.h2().get(document("echo"), [
            ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")])
        request = self.origin.requests[-1]
        self.assertEqual(request.values("via"), ["2 homeward"])
        self.assertEqual(len(request.values("x-request-id")), 1)
        trace = request.header("traceparent")
        self.assertRegex(trace, "^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-0[01]$")
        self.assertNotIn("b7ad6b7169203331", trace)

    def test_ordinary_fields_pass(self):
        fields = [("authorization", "Bearer x.y.z"), ("if-match", 'W/"3"'),
                  ("prefer", "return=minimal"), ("accept", "application/fhir+json"),
                  ("cookie", "a=1"), ("cookie", "b=2"), ("x-custom", "kept")]
        self.h2().get(document("echo"), fields)
        request = self.origin.requests[-1]
        for name in ("authorization", "if-match", "prefer", "accept", "x-custom"):
            self.assertEqual(request.values(name), [dict(fields)[name]], name)
        self.assertEqual(re.split("; ?", request.header("cookie")), ["a=1", "b=2"])

    def test_a_request_that_goes_in_circles_is_stopped(self):
        answer = self.h2().get(document("echo"), [("via", ", ".join(["2 homeward"] * 4))])
        self.assertEqual(answer.status, 508)
        self.assertEqual(self.origin.seen("echo"), [])


class TrustedProxy(EdgeCase):
    """A proxy in front whose word is taken: the user is where it says."""

    @classmethod
    def make(cls):
        cls.origin = Origin("west")
        return Edge({"west": [Endpoint(cls.origin)]}, trusted=["127.0.1.0/24"])

    def test_a_trusted_proxy_is_believed(self):
        self.fetch(document("echo"), "-H", "X-Forwarded-For: 203.0.113.9", source=geo.NEW_YORK)
        self.assertEqual(
            self.origin.requests[-1].values("x-forwarded-for"), ["203.0.113.9, 127.0.1.1"])

    def test_others_are_not(self):
        self.fetch(document("echo"), "-H", "X-Forwarded-For: 203.0.113.9", source=geo.ARIZONA)
        self.assertEqual(self.origin.requests[-1].values("x-forwarded-for"), ["127.0.0.1"])
