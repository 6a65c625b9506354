"""Keys that an issuer publishes at a URL: fetched, refreshed, and believed no longer than is safe."""

from harness import tokens
from harness.case import EdgeCase
from harness.edge import Edge, Endpoint
from harness.keyserver import KeyServer
from harness.origin import Origin
from harness.tokens import Issuer, Key, bearer
from harness.waiting import until
from test_identity import CHART, POLICY

#: Answers that are no keys, by what is wrong with them.
BAD_ANSWERS = {
    "status 302": ("{}", "Location: https://evil.example/keys\r\n", "302 Found"),
    "status 404": ("{}", "", "404 Not Found"),
    "not a JWK Set": ("<html>", "", "200 OK"),
    "no key": ('{"keys": []}', "", "200 OK"),
    "longer than": (" " * 300_000 + "{}", "", "200 OK"),
    "content coding": ("{}", "Content-Encoding: gzip\r\n", "200 OK"),
}


class FetchedCase(EdgeCase):
    """An edge with one issuer, whose keys come from a server of the test's own."""

    #: The section's settings.
    refresh, grace = "1h", "1h"

    @classmethod
    def make(cls):
        cls.origin = Origin("west")
        cls.server = KeyServer()
        cls.issuer = Issuer()
        cls.server.publish(*cls.issuer.keys)
        cls.issuer.jwks = (
            f"{{ uri: \"https://origin.homeward.example:{cls.server.port}/realm/keys?v=1\", "
            f"address: \"127.0.0.1:{cls.server.port}\", refresh: {cls.refresh}, "
            "authorities: certificates/origin-ca.pem }")
        return Edge({"west": [Endpoint(cls.origin)]}, policy=POLICY,
                    identity=tokens.section(cls.issuer, grace=cls.grace))

    def setUp(self):
        super().setUp()
        self.client = self.h2()

    def status(self, token):
        """The status of a read with a token."""
        return self.client.get(CHART, [bearer(token)]).status

    def clinician(self, key=None, **claims):
        """A token of a clinician."""
        return self.issuer.token(key=key, **({"roles": ["clinician"]} | claims))


class Fetching(FetchedCase):
    """The interval is an hour: whatever comes sooner comes because a token asked for it."""

    def test_keys_come_from_the_url(self):
        self.assertEqual(self.status(self.clinician()), 200)
        head = self.server.heads[0]
        self.assertTrue(head.startswith("GET /realm/keys?v=1 HTTP/1.1\r\n"), head)
        self.assertIn(f"host: origin.homeward.example:{self.server.port}\r\n", head.lower())

    def test_a_new_key_is_fetched_when_a_token_names_it(self):
        new = Key("ES256", "ward-next")
        self.server.publish(*self.issuer.keys, new)
        token = self.clinician(key=new)
        # The bound on fetches may still hold; after that, the token itself waits for its key.
        until(lambda: self.status(token) == 200, "the new key", within=15)
        self.assertEqual(self.status(self.clinician(jti="2")), 200)

    def test_made_up_key_names_cause_few_fetches(self):
        before = self.server.connection_count
        for number in range(60):
            token = self.clinician(header={"kid": f"made-up-{number}"}, jti=f"m{number}")
            self.assertEqual(self.status(token), 401)
        self.assertLessEqual(self.server.connection_count - before, 3)
        self.assertEqual(self.status(self.clinician(jti="3")), 200)


class Outage(FetchedCase):
    """A short interval and a short grace."""

    refresh, grace = "1s", "4s"

    def test_what_is_no_key_set_changes_nothing(self):
        token = self.clinician()
        until(lambda: self.status(token) == 200, "the keys")
        for reason, (body, fields, status) in BAD_ANSWERS.items():
            with self.subTest(reason):
                self.server.send(body.encode(), fields, status)
                until(lambda: reason in self.edge.log(), f"the log says `{reason}`")
                self.server.publish(*self.issuer.keys)
                count = self.edge.log().count("keys or revocations in force")
                until(lambda: self.edge.log().count("keys or revocations in force") > count,
                      "the keys' return")
                self.assertEqual(self.status(token), 200)
        self.assertNotIn("evil.example", self.edge.log())

    def test_keys_outlive_an_outage_for_the_grace_period(self):
        token = self.clinician()
        until(lambda: self.status(token) == 200, "the keys")
        self.server.stop()
        until(lambda: "cannot be read" in self.edge.log(), "the failure in the log")
        self.assertEqual(self.status(self.clinician(jti="during")), 200)
        until(lambda: self.status(token) == 503, "the end of the grace", within=15)
        self.server.start()
        until(lambda: self.status(token) == 200, "the keys' return", within=15)

    def test_rotation_withdraws_the_old_key(self):
        old = self.clinician()
        until(lambda: self.status(old) == 200, "the keys")
        new = Key("ES256", "ward-2")
        self.server.publish(new)
        until(lambda: self.status(old) == 401, "the old key's end")
        self.assertEqual(self.status(self.clinician(key=new)), 200)
        self.server.publish(*self.issuer.keys)
        until(lambda: self.status(old) == 200, "the old key's return")

    def test_a_slow_server_holds_nobody_up(self):
        token = self.clinician()
        until(lambda: self.status(token) == 200, "the keys")
        self.server.gate.clear()
        try:
            until(lambda: "no answer in time" in self.edge.log(), "the time-out", within=15)
            self.assertIn(self.status(token), (200, 503))
        finally:
            self.server.gate.set()
        until(lambda: self.status(token) == 200, "the keys' return", within=15)

    def test_a_wrong_certificate_is_not_believed(self):
        token = self.clinician()
        until(lambda: self.status(token) == 200, "the keys")
        stranger = Key("ES256", "stranger")
        try:
            for certificate in ("wrong", "expired", "server"):
                with self.subTest(certificate):
                    count = self.edge.log().count("TLS: ")
                    heads = len(self.server.heads)
                    self.server.certificate = certificate
                    self.server.publish(stranger)
                    until(lambda: self.status(token) == 503, "the end of the grace", within=15)
                    self.assertEqual(self.status(self.clinician(key=stranger)), 503)
                    self.assertEqual(len(self.server.heads), heads, "a request was sent")
                    self.assertGreater(self.edge.log().count("TLS: "), count)
                    self.server.certificate = "origin"
                    self.server.publish(*self.issuer.keys)
                    until(lambda: self.status(token) == 200, "the keys' return", within=15)
        finally:
            self.server.certificate = "origin"
            self.server.publish(*self.issuer.keys)


class Unreachable(FetchedCase):
    """The server is not there when the edge starts."""

    refresh = "1s"

    @classmethod
    def make(cls):
        edge = super().make()
        cls.server.stop()
        return edge

    def test_nothing_is_believed_before_keys_came(self):
        token = self.clinician()
        answer = self.client.get(CHART, [bearer(token)])
        self.assert_outcome(answer, 503, "identity-unavailable")
        self.assertEqual(self.client.get("/fhir/metadata").status, 200)
        self.server.start()
        until(lambda: self.status(token) == 200, "the keys", within=15)
