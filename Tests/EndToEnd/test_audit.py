"""Every answer has a record, and records survive the worst end."""

import re
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

    def assert_recorded(self, ids):
        """Each decision stands in the log, with its outcome."""
        text = self.edge.audit_text()
        for identifier in ids:
            self.assertIn(identifier, text)
            # The decision and the outcome.
            self.assertGreaterEqual(len(re.findall(identifier, text)), 2, identifier)

    def test_every_decision_is_in_the_log(self):
        ids = self.ask()
        self.assertEqual(self.edge.stop(), 0)
        self.assert_recorded(ids)
        self.assertNotRegex(self.edge.audit_text(), r"\bp1\b", "a patient's id is in clear")

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
