"""Several retention classes: a log each, one account, one proof."""

import json
import shutil
import unittest

from harness import curl, h2
from harness.case import document
from harness.edge import Edge, Endpoint
from harness.origin import Origin

#: Documents are notes, and observations of the laboratory are not.
RETENTION = ("{ clinical: { keep: 2190d }, notes: { keep: 3650d, data_classes: [notes] },"
             " operations: { keep: 30d, kinds: [policy-load, configuration-load] } }")


class Retention(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.edge = Edge({"west": [Endpoint(Origin("west"))]}, audit={"retention": RETENTION})
        cls.addClassCleanup(cls.edge.kill)
        cls.edge.start()
        curl.load(cls.edge, document("bytes-10"), 500, 10, 5)
        with h2.Connection(cls.edge.port) as client:
            path = "/fhir/Observation?patient=p1&category=laboratory"
            cls.others = [client.get(path).header("ehr-decision-id") for _ in range(20)]
        # Once more, with the logs that the first life left behind.
        assert cls.edge.stop() == 0
        cls.edge.start()
        with h2.Connection(cls.edge.port) as client:
            cls.others.append(client.get(path).header("ehr-decision-id"))
        cls.edge.kill()
        cls.edge.start()
        assert cls.edge.stop() == 0
        cls.folder = cls.edge.folder / "audit"
        cls.key = ["--key", cls.edge.folder / "signing.key.pub"]

    def records(self):
        """All records by class."""
        found = {}
        for line in self.edge.audit_text().splitlines():
            record = json.loads(line)
            found.setdefault(record["log"].split(".")[1], []).append(record)
        return found

    def test_each_record_is_in_its_classs_log(self):
        found = self.records()
        self.assertEqual(set(found), {"clinical", "notes", "operations"})
        decided = {name: [r for r in records if r["kind"] == "decision"]
                   for name, records in found.items()}
        self.assertEqual({r["dataClass"] for r in decided["notes"]}, {"notes"})
        self.assertEqual(len(decided["notes"]), 500)
        self.assertEqual([r["id"] for r in decided["clinical"]], self.others)
        self.assertEqual(decided["operations"], [])
        for name, records in found.items():
            outcomes = {r["id"] for r in records if r["kind"] == "outcome"}
            self.assertLessEqual(outcomes, {r["id"] for r in decided[name]})
            kinds = [r["kind"] for r in records]
            self.assertEqual(kinds[0], "log-open")
            self.assertEqual(kinds.count("start"), 3)
        self.assertEqual({r["keepDays"] for r in (found[n][0] for n in sorted(found))},
                         {2190, 3650, 30})
        self.assertIn("policy-load", {r["kind"] for r in found["operations"]})
        self.assertNotIn("policy-load", {r["kind"] for r in found["clinical"]})

    def test_all_logs_verify_and_add_up(self):
        reports = json.loads(self.edge.audit_command("verify", self.folder, *self.key, "--json"))
        self.assertEqual(len(reports), 3)
        self.assertEqual(sum(report["decisions"] for report in reports), 521)
        beats = [r for r in self.records()["clinical"] if r["kind"] == "heartbeat"]
        self.assertTrue(all(beat["total"]["logs"] == 3 for beat in beats) and beats)

    def test_a_damaged_log_of_any_class_is_named(self):
        for name in ("clinical", "notes", "operations"):
            copy = self.edge.folder / f"copy-{name}"
            shutil.copytree(self.folder, copy)
            victim = next(copy.glob(f"*.{name}.*")) / "0000000000000000.segment"
            data = bytearray(victim.read_bytes())
            data[4200] ^= 1
            victim.write_bytes(data)
            told = self.edge.audit_command("verify", copy, *self.key, status=1)
            self.assertIn(victim.parent.name, told)

    def test_stats_tail_and_exports_take_all_classes(self):
        stats = json.loads(self.edge.audit_command("stats", self.folder, "--json"))
        self.assertEqual([s["kind"].get("decision", 0) for s in stats], [21, 500, 0])
        lines = self.edge.audit_command("tail", self.folder, "-n", "2", "--json").splitlines()
        self.assertEqual(len(lines), 6)
        self.assertEqual(len({json.loads(line)["log"] for line in lines}), 3)
        for form, count in (("ndjson", None), ("fhir", 521)):
            text = self.edge.audit_command("export", self.folder, "--format", form)
            decided = [line for line in text.splitlines() if '"routing-decision"' in line]
            if count:
                self.assertEqual(len(decided), count)

    def test_a_decision_is_found_and_proved_in_any_class(self):
        text = self.edge.audit_command("prove", self.folder, self.others[3])
        proof = self.edge.folder / "proof"
        proof.write_text(text)
        told = self.edge.audit_command("check-proof", proof, *self.key)
        self.assertIn("/audit/clinical/", told)
