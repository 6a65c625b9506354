"""Requests whose body tells what they are about."""

import gzip
import json

from harness import content, fhir, geo
from harness.clinic import ClinicCase
from harness.waiting import until

CONDITION = fhir.resource("Condition", "p1002")


class Bodies(ClinicCase):

    def ask(self, method, path, body, kind=fhir.JSON, headers=(), over="h2"):
        """One request from Arizona; its answer."""
        data = body if isinstance(body, bytes) else fhir.encoded(body)
        headers = [("content-type", kind), *headers] if kind else list(headers)
        if over == "h2":
            client = self.h2()
            return client.finish(client.request(method, path, headers, body=data))
        client = self.h1()
        client.request(method, path, headers, data)
        return client.response(method)

    def assert_served(self, answer, region, body=None):
        """The answer comes from there, and the origin had the body."""
        self.assertEqual(answer.status, 200, bytes(answer.body))
        self.assertEqual(answer.header("ehr-region"), region)
        if body is not None:
            data = body if isinstance(body, bytes) else fhir.encoded(body)
            told = json.loads(bytes(answer.body))
            self.assertEqual(told["body_sha256"], content.sha256(data))

    def assert_refused(self, answer, status, code, ambiguity=None):
        """A refusal before any origin was asked, with its record."""
        self.assert_outcome(answer, status, code)
        self.assertEqual(self.asked(), [])
        decision, outcome = self.records(answer.header("ehr-decision-id"))
        self.assertEqual(outcome["status"], status)
        if ambiguity:
            self.assertEqual(decision["ambiguity"], ambiguity)

    # What goes on.

    def test_a_search_by_form_goes_where_one_by_url_goes(self):
        body = b"patient=p1001&category=vital-signs"
        for over in ("h2", "h1"):
            with self.subTest(over):
                answer = self.ask("POST", "/fhir/Observation/_search", body, fhir.FORM, over=over)
                self.assert_served(answer, "us-west", body)
                self.assertTrue(answer.header("ehr-freshness").startswith("source=replica"))

    def test_a_create_goes_to_the_home_of_its_patient(self):
        for over in ("h2", "h1"):
            with self.subTest(over):
                self.assert_served(
                    self.ask("POST", "/fhir/Condition", CONDITION, over=over), "us-east",
                    CONDITION)
        self.assertEqual(self.asked(), ["us-east-1"])

    def test_an_update_whose_body_agrees(self):
        self.assert_served(
            self.ask("PUT", "/fhir/Condition/p1002.echo", CONDITION), "us-east", CONDITION)

    def test_a_batch_of_one_region(self):
        batch = fhir.bundle("batch", ("GET", "Patient/p1001", None),
                            ("GET", "Observation?patient=p1004&category=vital-signs", None),
                            ("GET", "ValueSet/v", None))
        answer = self.ask("POST", "/fhir", batch)
        self.assert_served(answer, "us-west", batch)
        decision, _ = self.records(answer.header("ehr-decision-id"))
        self.assertEqual((decision["operation"], decision["home"]), ("batch", "us-west"))

    def test_a_held_body_is_asked_for(self):
        data = fhir.encoded(CONDITION)
        one = self.h1()
        one.send("POST /fhir/Condition HTTP/1.1\r\nHost: edge.homeward.example\r\n"
                 f"Content-Type: {fhir.JSON}\r\nExpect: 100-continue\r\n"
                 f"Content-Length: {len(data)}\r\n\r\n")
        self.assertEqual(one.interim()[0], 100)
        one.send(data)
        self.assert_served(one.response(), "us-east", CONDITION)
        two = self.h2()
        stream, frames = two.head(
            "POST", "/fhir/Condition", [("content-type", fhir.JSON), ("expect", "100-continue")],
            end=False)
        two.send(frames)
        state = two.streams[stream]
        two.wait(lambda: state.informational or state.is_over, "100 Continue")
        two.upload(stream, data)
        self.assert_served(two.finish(stream), "us-east", CONDITION)

    def test_a_body_that_comes_byte_by_byte(self):
        data = fhir.encoded(CONDITION)
        client = self.h2()
        stream, frames = client.head(
            "POST", "/fhir/Condition", [("content-type", fhir.JSON)], end=False)
        client.send(frames)
        for byte in data[:-1]:
            client.upload(stream, bytes([byte]), end=False)
        self.assertEqual(self.asked(), [])
        client.upload(stream, data[-1:])
        self.assert_served(client.finish(stream), "us-east", data)

    # What does not.

    def test_a_form_that_contradicts_its_url(self):
        self.assert_refused(
            self.ask("POST", "/fhir/Observation/_search?patient=p1002", b"patient=p1001",
                     fhir.FORM), 422, "several-patients")

    def test_a_body_that_contradicts_its_url(self):
        self.assert_refused(
            self.ask("PUT", "/fhir/Patient/p1001", {"resourceType": "Patient", "id": "p1002"}),
            400, "invalid")

    def test_a_batch_with_a_poisoned_entry(self):
        good = ("GET", "Patient/p1001", None)
        for name, poison, status, code in (
                ("another home", ("GET", "Patient/p1002", None), 422, "several-patients"),
                ("two patients", ("GET", "Observation?patient=p1001&subject=p1002", None), 422,
                 "several-patients"),
                ("an encoded slash", ("GET", "Patient%2fp1001/../p1002", None), 400, "invalid")):
            for kind in ("batch", "transaction"):
                with self.subTest(name, kind=kind):
                    answer = self.ask("POST", "/fhir", fhir.bundle(kind, good, good, poison))
                    self.assert_refused(answer, status, code)
                    self.assertNotIn(b"p1002", bytes(answer.body))

    def test_a_transaction_of_two_homes(self):
        self.assert_refused(self.ask("POST", "/fhir", fhir.bundle(
            "transaction", ("POST", "Condition", fhir.resource("Condition", "p1001")),
            ("POST", "Condition", CONDITION))), 422, "several-patients", "several-patients")

    def test_hostile_bodies(self):
        for body in (b"", b"{", b"{}", b"[]", b"null", b'{"resourceType":"Condition"',
                     b'{"resourceType":"Condition"}}', b"\xff\xfe", b"[" * 100_000,
                     b'{"resourceType":"Condition","subject":{"reference":"Patient/p1001"},'
                     b'"subject":{"reference":"Patient/p1002"}}',
                     b'{"resourceType":"Condition","Subject":{"reference":"Patient/p1001"}}',
                     b'{"resourceType":"Observation","subject":{"reference":"Patient/p1001"}}'):
            for over in ("h2", "h1"):
                with self.subTest(body=body[:40], over=over):
                    self.assert_refused(
                        self.ask("POST", "/fhir/Condition", body, over=over), 400, "invalid")

    def test_a_body_that_cannot_be_judged_takes_the_safe_default(self):
        data = fhir.encoded(CONDITION)
        for name, body, kind, headers in (
                ("gzip", gzip.compress(data), fhir.JSON, [("content-encoding", "gzip")]),
                ("xml", b"<Condition/>", "application/fhir+xml", []),
                ("charset", data, "application/fhir+json; charset=utf-16", []),
                ("form", data, fhir.FORM, []), ("none", data, None, [])):
            with self.subTest(name):
                self.assert_refused(
                    self.ask("POST", "/fhir/Condition", body, kind, headers), 403, "forbidden",
                    "unreadable-body")

    def test_a_body_that_is_too_long(self):
        batch = fhir.encoded(fhir.bundle("batch", ("GET", "Patient/p1001", None)))
        batch = batch[:1] + b" " * (9 * content.MEGABYTE) + batch[1:]
        self.edge.forget_peak()
        self.assert_refused(
            self.ask("POST", "/fhir", batch, headers=[("content-length", str(len(batch)))]), 403,
            "forbidden", "large-body")
        client = self.h2()
        stream, frames = client.head("POST", "/fhir", [("content-type", fhir.JSON)], end=False)
        client.send(frames)
        client.upload(stream, batch)
        self.assert_refused(client.finish(stream), 403, "forbidden", "large-body")
        self.assertLess(self.edge.resident(peak=True), 100 * content.MEGABYTE)

    def test_a_long_document_is_judged_by_its_beginning(self):
        body = fhir.scan("p1002", 6 * content.MEGABYTE)
        for over in ("h2", "h1"):
            with self.subTest(over):
                answer = self.ask("POST", "/fhir/DocumentReference", body, over=over)
                self.assert_served(answer, "us-east", body)
                decision, _ = self.records(answer.header("ehr-decision-id"))
                self.assertEqual(decision["ambiguity"], "large-body")

    def test_a_long_document_that_contradicts_itself_is_never_whole(self):
        behind = {"contained": [], "context": {"related": [{"reference": "Patient/p1001"}]}}
        twice = {"subject": {"reference": "Patient/p1001"}}
        for name, more in (("a second subject", twice), ("another patient", behind)):
            for over in ("h2", "h1"):
                with self.subTest(name, over=over):
                    self.setUp()
                    body = fhir.scan("p1002", 6 * content.MEGABYTE, more)
                    answer = self.ask("POST", "/fhir/DocumentReference", body, over=over)
                    self.assert_outcome(answer, 400, "invalid")
                    request, = self.origins["us-east-1"].requests
                    until(lambda: request.is_over, "the origin to be told")
                    self.assertFalse(request.is_complete)
                    self.assertLess(request.body_count, len(body))

    def test_a_client_that_leaves_while_its_body_is_held(self):
        for over in ("h2", "h1"):
            with self.subTest(over):
                head = [("content-type", fhir.JSON), ("content-length", "1000000")]
                if over == "h2":
                    client = self.h2()
                    stream, frames = client.head("POST", "/fhir/Condition", head, end=False)
                    client.send(frames)
                    client.upload(stream, b'{"resourceType":', end=False)
                    client.reset(stream)
                else:
                    client = self.h1()
                    lines = "".join(f"{name}: {value}\r\n" for name, value in head)
                    client.send("POST /fhir/Condition HTTP/1.1\r\n"
                                f"Host: edge.homeward.example\r\n{lines}\r\n{{")
                    client.close()
                def last():
                    found = self.last_outcomes(1)
                    return found and found[0][0].get("reason") == "body-incomplete"
                until(last, "the record of a body that did not end")
                (decision, outcome), = self.last_outcomes(1)
                self.assertEqual(decision["verdict"], "reject")
                self.assertEqual(outcome["termination"], "client-aborted")
                self.assertEqual(self.asked(), [])

    def test_many_held_bodies_cost_what_they_hold(self):
        self.edge.forget_peak()
        before = self.edge.resident()
        clients = [self.h2() for _ in range(4)]
        for client in clients:
            for _ in range(10):
                stream, frames = client.head(
                    "POST", "/fhir/Condition", [("content-type", fhir.JSON)], end=False)
                client.send(frames)
                client.upload(stream, b'{"resourceType":"Condition","note":"' + b"n" * 500_000,
                              end=False)
        self.assertLess(self.edge.resident(peak=True) - before, 60 * content.MEGABYTE)
        answer = self.h2().get("/fhir/Observation?patient=p1001&category=vital-signs")
        self.assertEqual(answer.status, 200)
        for client in clients:
            client.close()

    def test_who_is_elsewhere_is_judged_by_the_body_too(self):
        file = self.edge.folder / "condition.json"
        file.write_bytes(fhir.encoded(CONDITION))
        reply = self.fetch("/fhir/Condition", "-H", f"Content-Type: {fhir.JSON}", "--data-binary",
                           f"@{file}", source=geo.GERMANY)
        self.assert_outcome(reply, 403, "forbidden")
        self.assertIn("rule=D-1", reply.header("ehr-policy"))
