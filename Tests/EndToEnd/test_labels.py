"""Answers whose labels say more than the request did."""

from harness import content, geo
from harness.clinic import ClinicCase
from harness.waiting import until

PLAIN = "/fhir/Condition/p1003.plain"
LABELLED = "/fhir/Condition/p1003.labelled"


class Labels(ClinicCase):
    """Condition p1003.* is a problem of a Californian whose home is us-west."""

    def test_what_is_not_labelled_comes_from_the_copy(self):
        for http in ("--http2", "--http1.1"):
            reply = self.fetch(PLAIN, http=http, source=geo.TEXAS)
            self.assertEqual((reply.code, reply.status), (0, 200), reply)
            self.assertTrue(reply.header("ehr-freshness").startswith("source=replica"))
        self.assertEqual(self.asked(), ["us-west-2"])

    def test_a_labelled_record_is_refused_in_another_state(self):
        for http in ("--http2", "--http1.1"):
            with self.subTest(http):
                reply = self.fetch(LABELLED, http=http, source=geo.TEXAS)
                self.assert_outcome(reply, 403, "forbidden")
                self.assertIn("rule=D-4", reply.header("ehr-policy"))
                self.assertNotIn(b"secret", reply.body)
                until(lambda: self.last_outcomes(1)[0][0]["id"]
                      == reply.header("ehr-decision-id"), "the last record")
                (first, withheld), (second, refused) = self.last_outcomes(2)
                self.assertEqual((first["verdict"], first["dataClass"]), ("permit", "problems"))
                self.assertEqual(withheld["termination"], "withheld")
                self.assertEqual(withheld["endpoint"], "us-west-2")
                self.assertEqual(withheld["labelledClass"], "reproductive-health")
                self.assertEqual(second["dataClass"], "reproductive-health")
                self.assertEqual(second["ambiguity"], "labelled")
                self.assertEqual(refused["status"], 403)

    def test_it_is_read_where_policy_wants_it_read(self):
        for http in ("--http2", "--http1.1"):
            with self.subTest(http):
                self.setUp()
                reply = self.fetch(LABELLED, http=http, source=geo.CALIFORNIA)
                self.assertEqual((reply.code, reply.status), (0, 200), reply)
                self.assertIn(b"secret", reply.body)
                self.assertEqual(reply.header("ehr-freshness"), "source=primary")
                self.assertIn("rule=R-23", reply.header("ehr-policy"))
                self.assertEqual(self.asked(), ["us-west-1", "us-west-2"])

    def test_what_cannot_be_read_counts_as_what_may_hold_anything(self):
        for kind in ("broken", "xml", "gzip"):
            with self.subTest(kind):
                self.setUp()
                reply = self.fetch(f"/fhir/Condition/p1003.{kind}", source=geo.TEXAS)
                self.assertEqual((reply.code, reply.status), (0, 200), reply)
                self.assertEqual(reply.header("ehr-freshness"), "source=primary")
                self.assertIn("rule=R-24", reply.header("ehr-policy"))
                self.assertEqual(self.asked(), ["us-west-1", "us-west-2"])

    def test_only_what_must_be_read_is_asked_for_without_a_coding(self):
        coded = ["-H", "Accept-Encoding: gzip"]
        self.assertEqual(self.fetch(PLAIN, *coded, source=geo.TEXAS).status, 200)
        request, = self.origins["us-west-2"].requests
        self.assertEqual(request.values("accept-encoding"), [])
        self.fetch("/fhir/Observation?patient=p1001&category=vital-signs", *coded)
        self.assertEqual(
            self.origins["us-west-2"].requests[-1].values("accept-encoding"), ["gzip"])

    def test_a_write_whose_answer_is_labelled_is_not_asked_for_twice(self):
        client = self.h2(source=geo.TEXAS)
        answer = client.finish(client.request("DELETE", LABELLED))
        self.assert_outcome(answer, 403, "answer-withheld")
        self.assertNotIn(b"secret", bytes(answer.body))
        self.assertEqual(len(self.origins["us-west-1"].requests), 1)

    def test_seventy_megabytes_in_constant_memory(self):
        path = f"/fhir/Condition/p1003.bundle-{content.LARGE}"
        for http in ("--http2", "--http1.1"):
            with self.subTest(http):
                self.edge.forget_peak()
                reply = self.fetch(path, http=http, source=geo.CALIFORNIA)
                self.assertEqual((reply.code, reply.status), (0, 200), reply)
                self.assertGreater(len(reply.body), content.LARGE - content.MEGABYTE)
                self.assertEqual(len(reply.json["entry"]) % 32, 1)
                self.assertLess(self.edge.resident(peak=True), 100 * content.MEGABYTE)

    def test_a_label_that_comes_late_ends_the_answer(self):
        path = "/fhir/Condition/p1003.bundle-3000000-1"
        for http in ("--http2", "--http1.1"):
            with self.subTest(http):
                reply = self.fetch(path, http=http, source=geo.TEXAS)
                self.assertEqual(reply.status, 200)
                self.assertNotEqual(reply.code, 0, "the answer looks complete")
                self.assertNotIn(b"SEX", reply.body)
                until(lambda: self.last_outcomes(1)[0][1]["termination"] == "withheld",
                      "the record of what was withheld")

    def test_a_label_within_the_bound_holds_everything_back(self):
        reply = self.fetch("/fhir/Condition/p1003.bundle-500000-1", source=geo.TEXAS)
        self.assert_outcome(reply, 403, "forbidden")
        self.assertIn("rule=D-4", reply.header("ehr-policy"))
