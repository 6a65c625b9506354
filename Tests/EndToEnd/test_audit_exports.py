"""The log in the forms that other programs read: FHIR, OCSF, syslog."""

import base64
import json
import re
import signal
import unittest

from harness import auditevent, h2
from harness.case import document, operation
from harness.edge import Edge, Endpoint
from harness.origin import Origin
from harness.waiting import until

#: A message of RFC 5424: header, one element of structured data, text.
MESSAGE = re.compile(
    r"<(\d{1,3})>1 (\S+) (\S{1,255}) homeward - (\S{1,32}) "
    r'\[homeward@(\d+)((?: [A-Za-z]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*)\] ([ -~]*)', re.S)


def messages(data):
    """The messages of an octet-counted stream (RFC 6587 section 3.4.1)."""
    found = []
    while data:
        length, _, rest = data.partition(b" ")
        message, data = rest[:int(length)], rest[int(length):]
        assert len(message) == int(length), "the last message is cut"
        found.append(message.decode())
    return found


JSON = [("content-type", "application/fhir+json")]
SAVED = (b'{"resourceType":"DocumentReference","id":"p1.echo",'
         b'"subject":{"reference":"Patient/p1"}}')


class Exports(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.edge = Edge({"west": [Endpoint(Origin("west"))]})
        cls.addClassCleanup(cls.edge.kill)
        cls.edge.start()
        with h2.Connection(cls.edge.port) as client:
            asked = [
                ("GET", document("bytes-10"), None), ("GET", "/fhir/Patient/p1", None),
                ("GET", "/fhir/Observation?patient=p1&category=laboratory", None),
                ("POST", "/fhir/Observation", b"{}"), ("POST", operation("echo"), b"x"),
                ("PUT", document("echo"), SAVED),
                ("PATCH", document("echo"), b"x"),
                ("DELETE", document("echo"), None), ("GET", "/fhir/metadata", None),
                ("GET", "/fhir/Patient/p1/_history", None),
                ("GET", document("echo", "nobody"), None), ("GET", "/portal/index.html", None),
                ("GET", document("close"), None), ("GET", document("status-404"), None),
            ]
            answers = [client.finish(client.request(m, p, JSON if b == SAVED else (), b))
                       for m, p, b in asked]
            cls.ids = [answer.header("ehr-decision-id") for answer in answers]
        cls.edge.signal(signal.SIGHUP)
        until(lambda: cls.edge.audit_text().count('"configuration-load"') == 2,
              lambda: "not reloaded")
        assert cls.edge.stop() == 0
        cls.opened = ["--unseal", cls.edge.folder / "pseudonym.key"]

    def export(self, form, *options):
        """The lines of an export."""
        text = self.edge.audit_command("export", self.edge.folder / "audit", "--format", form,
                                       *options)
        return text.splitlines()

    def records(self):
        """All records as `show` gives them."""
        return [json.loads(line) for line in self.edge.audit_text().splitlines()]

    def test_fhir_has_an_event_for_each_record_but_heartbeats(self):
        for options in ([], self.opened):
            path = self.edge.folder / f"fhir-{len(options)}"
            self.export("fhir", "--out", path, *options)
            auditevent.check_file(path)
            events = [json.loads(line) for line in path.read_text().splitlines()]
            decided = [event["id"] for event in events if "id" in event]
            self.assertEqual(sorted(decided), sorted(self.ids))
            others = [event["subtype"][1]["code"] for event in events if "id" not in event]
            expected = [r["kind"] for r in self.records()
                        if r["kind"] not in ("decision", "outcome", "heartbeat")]
            self.assertEqual(others, expected)
            self.assertLessEqual({"start", "stop", "log-open", "configuration-load"}, set(others))

    def test_profiles_are_claimed_only_where_all_is_known(self):
        sealed = [json.loads(line) for line in self.export("fhir")]
        self.assertFalse([event for event in sealed if "meta" in event])
        self.assertNotRegex(json.dumps(sealed), r"\bp1\b|127\.0\.0\.1")
        claims = {}
        for event in map(json.loads, self.export("fhir", *self.opened)):
            for profile in event.get("meta", {}).get("profile", []):
                claims.setdefault(profile.rpartition(".")[2], []).append(event)
        self.assertLessEqual({"PatientRead", "PatientUpdate", "PatientDelete"}, set(claims))
        self.assertNotIn("Query", "".join(claims))
        self.assertEqual(
            claims["PatientRead"][0]["entity"][1]["what"]["reference"], "Patient/p1")

    def test_a_search_says_its_type_and_opened_its_patient(self):
        for options, text in (([], "Observation"), (self.opened, "Observation?patient=p1")):
            queries = [entity["query"] for line in self.export("fhir", *options)
                       for entity in json.loads(line)["entity"] if "query" in entity]
            self.assertIn(text, [base64.b64decode(query).decode() for query in queries])

    def test_what_failed_is_no_success(self):
        events = {e.get("id"): e for e in map(json.loads, self.export("fhir", *self.opened))}
        codes = [events[i]["outcome"] for i in self.ids]
        self.assertEqual((codes[0], codes[10], codes[12], codes[13]), ("0", "8", "8", "4"))
        self.assertIn("home-region-unknown", events[self.ids[10]]["outcomeDesc"])

    def test_ocsf_has_the_required_attributes(self):
        required = {"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time",
                    "type_uid", "status_id"}
        further = {6003: {"actor", "api", "src_endpoint"}, 6002: {"app"}, 3004: {"entity"}}
        events = [json.loads(line) for line in self.export("ocsf", *self.opened)]
        for event in events:
            uid = event["class_uid"]
            self.assertLessEqual(required | further[uid], set(event), event)
            self.assertEqual(event["category_uid"], uid // 1000)
            self.assertEqual(event["type_uid"], uid * 100 + event["activity_id"])
            self.assertEqual(event["metadata"]["version"], "1.3.0")
        calls = {e["metadata"]["uid"]: e for e in events if e["class_uid"] == 6003}
        self.assertEqual(set(calls), set(self.ids))
        served, denied = calls[self.ids[0]], calls[self.ids[10]]
        self.assertEqual((served["action_id"], served["status_id"], served["activity_id"]),
                         (1, 1, 2))
        self.assertEqual((denied["action_id"], denied["status_id"]), (2, 2))
        self.assertEqual(served["src_endpoint"], {"ip": "127.0.0.1"})
        self.assertEqual(served["resources"][0]["uid"], "Patient/p1")
        self.assertEqual(calls[self.ids[7]]["activity_id"], 4)
        self.assertEqual({e["class_uid"] for e in events}, {6003, 6002, 3004})

    def test_syslog_is_rfc_5424(self):
        lines = self.export("syslog", "--enterprise", "12345", *self.opened)
        kinds = []
        for line in lines:
            match = MESSAGE.fullmatch(line)
            self.assertTrue(match, line)
            self.assertEqual(int(match[1]) // 8, 13)
            self.assertEqual((match[3], match[5]), ("edge-test", "12345"))
            kinds.append(match[4])
        records = self.records()
        self.assertEqual(len(lines), len([r for r in records if r["kind"] != "outcome"]))
        self.assertIn("heartbeat", kinds)
        path = self.edge.folder / "octets"
        self.export("syslog", "--enterprise", "12345", "--framing", "octets", "--out", path,
                    *self.opened)
        self.assertEqual(messages(path.read_bytes()), lines)
        self.edge.audit_command("export", self.edge.folder / "audit", "--format", "syslog",
                                "--enterprise", "0", status=2)
