"""Every answer has a record, and records survive the worst end."""

import json
import unittest

from harness import curl, h2
from harness.case import document, operation
from harness.edge import Edge, Endpoint
from harness.origin import Origin
from harness.waiting import until


class Records(unittest.TestCase):

    def setUp(self):
        self.edge = Edge({"west": [Endpoint(Origin("west"))]})
        self.edge.start()
        self.addCleanup(self.edge.kill)

    def ask(self):
        """Requests of every kind; the decision ids of their answers."""
        ids = []
        client = h2.Connection(self.edge.port)
        self.addCleanup(client.close)
        streams = [client.request("GET", document(f"bytes-{i}")) for i in range(30)]
        streams += [client.request("POST", operation("echo"), body=b"x") for _ in range(10)]
        streams += [client.request("GET", "/fhir/metadata"),
                    client.request("GET", document("echo", "nobody")),
                    client.request("GET", document("close"))]
        for stream in streams:
            ids.append(client.finish(stream).header("ehr-decision-id"))
        self.assertNotIn(None, ids)
        self.assertEqual(len(set(ids)), len(ids))
        return ids

    def records(self, kind):
        """The log's records of a kind, in order."""
        lines = map(json.loads, self.edge.audit_text().splitlines())
        return [record for record in lines if record["kind"] == kind]

    def assert_recorded(self, ids):
        """Each decision stands in the log once, with one outcome."""
        for kind in ("decision", "outcome"):
            recorded = [record["id"] for record in self.records(kind)]
            self.assertEqual(len(set(recorded)), len(recorded), f"a {kind} stands twice")
            self.assertEqual(set(ids) - set(recorded), set(), f"a {kind} is missing")

    def test_every_decision_is_in_the_log(self):
        ids = self.ask()
        self.assertEqual(self.edge.stop(), 0)
        self.assert_recorded(ids)
        self.assertNotRegex(self.edge.audit_text(), r"\bp1\b", "a patient's id is in clear")

    def test_a_load_is_recorded_to_the_last_request(self):
        counts = curl.load(self.edge, document("bytes-10"), 2000, 20, 5)
        self.assertEqual(counts["2xx"], 2000, counts)
        self.assertEqual(self.edge.stop(), 0)
        decisions, outcomes = self.records("decision"), self.records("outcome")
        self.assertEqual(len(decisions), 2000)
        self.assertEqual({r["id"] for r in decisions}, {r["id"] for r in outcomes})
        self.assertEqual({r["rule"] for r in decisions}, {"T-2"})
        self.assertEqual({(r["status"], r["termination"]) for r in outcomes}, {(200, "completed")})
        sequence = [json.loads(line)["sequence"] for line in self.edge.audit_text().splitlines()]
        self.assertEqual(sequence, list(range(1, len(sequence) + 1)))

    def test_a_log_that_cannot_grow_discloses_nothing(self):
        """A full disk, played by a bound on the size of files."""
        edge = Edge({"west": [Endpoint(Origin("west"))]}, file_blocks_max=128)
        self.addCleanup(edge.kill)
        edge.start()
        client = h2.Connection(edge.port)
        self.addCleanup(client.close)
        answers = [client.get(document("bytes-10"))]
        self.assertEqual(answers[0].status, 200)
        while answers[-1].status == 200 and len(answers) < 5000:
            answers.append(client.get(document("bytes-10")))
        self.assertEqual(answers[-1].status, 503)
        self.assertIn(b"audit-unavailable", bytes(answers[-1].body))
        self.assertEqual(client.get(document("bytes-10")).status, 503)
        self.assertTrue(edge.is_alive())
        self.assertIn("audit", edge.log())
        text = edge.audit_text()
        disclosed = [a.header("ehr-decision-id") for a in answers if a.status == 200]
        self.assertEqual([i for i in disclosed if i not in text], [])

    def test_a_killed_edge_loses_no_durable_record(self):
        ids = self.ask()
        self.edge.kill()
        text = self.edge.audit_text()
        durable = ids[:40]
        self.assertEqual([i for i in durable if i not in text], [])
        self.edge.start()
        more = self.ask()
        self.assertEqual(self.edge.stop(), 0)
        text = self.edge.audit_text()
        self.assertEqual([i for i in durable + more if i not in text], [])

    def test_a_torn_last_record_is_cut_off(self):
        ids = self.ask()
        self.assertEqual(self.edge.stop(), 0)
        last = max((self.edge.folder / "audit").rglob("*"), key=lambda f: (f.is_file(), f.name))
        with last.open("ab") as file:
            file.write(b"\x40\x00\x00\x00torn")
        self.edge.start()
        more = self.ask()
        self.assertEqual(self.edge.stop(), 0)
        self.assert_recorded(ids + more)

    def test_without_a_disk_nothing_is_disclosed(self):
        folder = self.edge.folder / "audit"
        self.assertEqual(self.edge.stop(), 0)
        for path in sorted(folder.rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        folder.rmdir()
        folder.write_text("in the way")
        self.edge.launch()
        self.assertNotEqual(self.edge.wait(), 0)
        self.assertIn("audit", self.edge.log())
