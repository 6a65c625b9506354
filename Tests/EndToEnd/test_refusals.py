"""The shipped policy seen by clients: who is served from where, and how a refusal reads."""

from harness import geo, policies
from harness.case import EdgeCase
from harness.edge import Edge, Endpoint
from harness.origin import Origin
from harness.waiting import until

REGIONS = ("us-west", "us-central", "us-east")
VITALS = "/fhir/Observation?patient={}&category=vital-signs"


class ShippedPolicy(EdgeCase):

    @classmethod
    def make(cls):
        cls.origins = {
            f"{region}-{i}": Origin(
                region, f"{region}-{i}", "primary" if i == 1 else "replica", REGIONS)
            for region in REGIONS for i in (1, 2)}
        return Edge(
            {region: [Endpoint(cls.origins[f"{region}-1"]),
                      Endpoint(cls.origins[f"{region}-2"], tier="replica")] for region in REGIONS},
            policy=policies.shipped(), location=True,
            patients=["p1001,us-west,US-AZ,granted,", "p1002,us-east,US-NY,granted,",
                      "p1003,us-west,US-CA,withdrawn,"])

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
                           "-X", "PUT", "-d", "{}")

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
