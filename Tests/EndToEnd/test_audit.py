"""Every answer has a record, and records survive the worst end."""

import json
import os
import pathlib
import random
import shutil
import subprocess
import time
import unittest

from harness import curl, h2, tlog, workshop
from harness.case import document, operation
from harness.edge import Edge, Endpoint
from harness.origin import Origin
from harness.waiting import until

#: A patient whose id does not stand in ciphertext by chance, as two letters would.
ANNA = "anna-of-the-west"


class Records(unittest.TestCase):

    def setUp(self):
        self.edge = Edge({"west": [Endpoint(Origin("west"))]},
                         patients=[f"{ANNA},west,US-AZ,granted,"])
        self.edge.start()
        self.addCleanup(self.edge.kill)

    def ask(self):
        """Requests of every kind; the decision ids of their answers."""
        ids = []
        client = h2.Connection(self.edge.port)
        self.addCleanup(client.close)
        streams = [client.request("GET", document(f"bytes-{i}", ANNA)) for i in range(30)]
        streams += [client.request("POST", operation("echo", ANNA), body=b"x") for _ in range(10)]
        streams += [client.request("GET", "/fhir/metadata"),
                    client.request("GET", document("echo", "nobody")),
                    client.request("GET", document("close", ANNA))]
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

    def test_a_comparison_counts_past_decisions(self):
        self.ask()
        # Of a running edge; each request below has its record before its answer.
        deny = "deny: [{ id: D-9, say: x, when: { data_class: [notes], operation: [read] } }]\n"
        new = self.edge.folder / "new.yaml"
        new.write_text(self.edge.policy_file.read_text() + deny)
        other = self.edge.folder / "other.yaml"
        other.write_text(self.edge.policy_file.read_text().replace("west:", "east:"))

        def diff(old, *words):
            done = subprocess.run(
                [workshop.binary(), "policy", "diff", old, new, "--audit",
                 self.edge.folder / "audit", *words], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (1, ""))
            return done.stdout

        decisions = self.records("decision")
        reads = [record for record in decisions
                 if (record["dataClass"], record["operation"]) == ("notes", "read")]
        self.assertGreater(len(reads), 20)
        report = json.loads(diff(self.edge.policy_file, "--json"))
        past = report["audit"]
        self.assertEqual((past["decisions"], past["changed"]), (len(decisions), len(reads)))
        self.assertEqual((past["not_asked"], past["other_region"], past["unreadable"]), (0, 0, 0))
        self.assertLess(past["from"], past["until"])
        self.assertEqual(sum(group["past_decisions"] for group in report["groups"]), len(reads))
        text = diff(self.edge.policy_file)
        self.assertIn(f"audit log: {len(reads)} of {len(decisions)} decisions from "
                      f"{past['from']} to {past['until']} would be others\n", text)
        self.assertRegex(text, r"less permissive \(\d+ past decisions?\)")
        # To a version without their home they cannot be put.
        past = json.loads(diff(other, "--json"))["audit"]
        homes = sum(record.get("home") == "west" for record in decisions)
        self.assertEqual((past["other_region"], past["decisions"]), (homes, len(decisions) - homes))

    def test_every_decision_is_in_the_log(self):
        ids = self.ask()
        self.assertEqual(self.edge.stop(), 0)
        self.assert_recorded(ids)
        self.assertNotIn(ANNA, self.edge.audit_text(), "a patient's id is in clear")
        segments = b"".join(path.read_bytes() for path in self.edge.log_folder().glob("*.segment"))
        self.assertNotIn(ANNA.encode(), segments, "a patient's id is in clear")
        opened = self.edge.audit_text("--unseal", self.edge.folder / "pseudonym.key")
        self.assertIn(f'"patientId":"{ANNA}"', opened)
        self.assertIn('"address":"127.0.0.1"', opened)

    def test_a_load_is_recorded_to_the_last_request(self):
        counts = curl.load(self.edge, document("bytes-10", ANNA), 2000, 20, 5)
        self.assertEqual(counts["2xx"], 2000, counts)
        self.assertEqual(self.edge.stop(), 0)
        decisions, outcomes = self.records("decision"), self.records("outcome")
        self.assertEqual(len(decisions), 2000)
        self.assertEqual({r["id"] for r in decisions}, {r["id"] for r in outcomes})
        self.assertEqual({r["rule"] for r in decisions}, {"T-2"})
        self.assertEqual({(r["status"], r["termination"]) for r in outcomes}, {(200, "completed")})
        indices = [json.loads(line)["index"] for line in self.edge.audit_text().splitlines()]
        self.assertEqual(indices, list(range(len(indices))))

    def test_a_log_that_cannot_grow_discloses_nothing(self):
        """A full disk, played by a bound on the size of files."""
        # Space is taken in steps of a mebibyte; the second one is refused.
        edge = Edge({"west": [Endpoint(Origin("west"))]}, file_blocks_max=3000)
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
        last = max(self.edge.log_folder().glob("*.segment"))
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


class Proofs(unittest.TestCase):
    """What an auditor does, with our tools and without them."""

    @classmethod
    def setUpClass(cls):
        cls.edge = Edge({"west": [Endpoint(Origin("west"))]}, audit={"segment_size": "1MiB"})
        cls.addClassCleanup(cls.edge.kill)
        cls.edge.start()
        client = h2.Connection(cls.edge.port)
        cls.early = client.get(document("bytes-10")).header("ehr-decision-id")
        cls.key = cls.edge.folder / "signing.key.pub"
        until(lambda: cls.early in cls.edge.audit_text() and cls.signed() > 3,
              lambda: "no checkpoint", within=5)
        cls.old = cls.edge.folder / "old-checkpoint"
        shutil.copy(cls.edge.log_folder() / "checkpoint", cls.old)
        # On a running edge too.
        cls.edge.audit_command("verify", cls.edge.folder / "audit", "--key", cls.key)
        curl.load(cls.edge, document("bytes-10"), 3000, 20, 5)
        client.close()
        assert cls.edge.stop() == 0

    @classmethod
    def signed(cls):
        """How many entries the checkpoint covers."""
        return int((cls.edge.log_folder() / "checkpoint").read_text().split("\n")[1])

    def setUp(self):
        """A copy, which a test may damage."""
        self.copy = self.edge.folder / f"copy-{self.id()}"
        shutil.copytree(self.edge.log_folder(), self.copy)

    def verify(self, *options, status=0):
        return self.edge.audit_command("verify", self.copy, "--key", self.key, *options,
                                       status=status)

    def segments(self):
        return sorted(self.copy.glob("*.segment"))

    def test_a_whole_log_is_whole(self):
        self.assertIn(": whole\n", self.verify("--since", self.old))
        report = json.loads(self.verify("--json"))[0]
        self.assertEqual(report["entries"], report["signed"])
        self.assertEqual(report["decisions"], 3001)
        self.assertEqual(report["tornBytes"], 0)
        self.assertGreater(report["segments"], 1)
        self.assertGreater(report["heartbeats"], 0)

    def test_the_exported_tree_is_verified_by_another_program(self):
        out = self.copy / "tiles"
        self.edge.audit_command("export", self.copy, "--format", "tlog-tiles", "--out", out)
        entries = tlog.verify(out, self.key)
        self.assertEqual(len(entries), json.loads(self.verify("--json"))[0]["entries"])
        victim = out / "tile" / "entries" / "003"
        data = bytearray(victim.read_bytes())
        data[100] ^= 1
        victim.write_bytes(data)
        with self.assertRaises(ValueError):
            tlog.verify(out, self.key)

    def test_ndjson_has_a_line_for_each_entry(self):
        out = self.copy / "records.ndjson"
        self.edge.audit_command("export", self.copy, "--format", "ndjson", "--out", out)
        lines = [json.loads(line) for line in out.read_text().splitlines()]
        self.assertEqual([line["index"] for line in lines], list(range(len(lines))))
        stats = json.loads(self.edge.audit_command("stats", self.copy, "--json"))[0]
        self.assertEqual(stats["entries"], len(lines))
        self.assertEqual(stats["kind"]["decision"], 3001)

    def test_a_decision_is_proved_offline(self):
        for kind in ([], ["--outcome"]):
            text = self.edge.audit_command("prove", self.copy, self.early, *kind)
            entry, index = tlog.check_proof(text, self.key)
            proof = self.copy / "proof"
            proof.write_text(text)
            told = self.edge.audit_command("check-proof", proof, "--key", self.key)
            self.assertIn(f"proved: entry {index} of edge-test/audit/clinical/", told)
            self.assertIn(f"decision {self.early}", told)
            position = text.index("extra ") + 60
            wrong = text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1:]
            proof.write_text(wrong)
            told = self.edge.audit_command("check-proof", proof, "--key", self.key, status=1)
            self.assertIn("do not lead from the entry to the signed root", told)
            with self.assertRaises(ValueError):
                tlog.check_proof(wrong, self.key)
        self.edge.audit_command("prove", self.copy, "0" * 32, status=1)

    def test_the_newest_records_are_at_the_tail(self):
        lines = self.edge.audit_command("tail", self.copy, "-n", "3", "--json").splitlines()
        records = [json.loads(line) for line in lines]
        self.assertEqual(len(records), 3)
        self.assertEqual(records[-1]["kind"], "stop")

    def test_every_decision_is_decided_the_same_again(self):
        counts = json.loads(self.edge.audit_command(
            "replay", self.copy, "--policy", self.edge.policy_file, "--json"))
        self.assertEqual((counts["agree"], counts["differ"]), (3001, 0), counts)
        other = self.copy / "other.yaml"
        other.write_text(self.edge.policy_file.read_text() + "# another version\n")
        counts = json.loads(self.edge.audit_command(
            "replay", self.copy, "--policy", other, "--json"))
        self.assertEqual((counts["agree"], counts["otherVersion"]), (0, 3001), counts)

    def test_another_key_is_not_enough(self):
        other = self.copy / "other"
        self.edge.audit_command("keys", other)
        self.assertEqual(other.stat().st_mode & 0o777, 0o600)
        told = self.edge.audit_command("verify", self.copy, "--key", f"{other}.pub", status=1)
        self.assertIn("not signed by the key", told)

    def test_any_flipped_byte_is_named(self):
        random.seed(4)
        for path in [*self.segments(), self.copy / "level-0", self.copy / "level-1"]:
            whole = path.read_bytes()
            end = len(whole.rstrip(b"\0"))
            for _ in range(6):
                data = bytearray(whole)
                data[random.randrange(end)] ^= 1 << random.randrange(8)
                path.write_bytes(data)
                self.assertIn(path.name, self.verify(status=1))
            path.write_bytes(whole)
        self.verify()

    def test_a_missing_end_is_named(self):
        last = self.segments()[-1]
        last.write_bytes(last.read_bytes()[:-200])
        told = self.verify(status=1)
        self.assertIn("the end is missing", told)
        last.unlink()
        self.assertIn("the end is missing", self.verify(status=1))

    def test_a_missing_segment_is_named(self):
        self.segments()[0].unlink()
        self.assertIn("entries are missing before it", self.verify(status=1))

    def test_an_old_checkpoint_does_not_excuse_a_changed_history(self):
        """The operator's own key signs another history from the beginning."""
        other = Edge({"west": [Endpoint(Origin("west"))]})
        self.addCleanup(other.kill)
        for name in ("signing.key", "signing.key.pub"):
            shutil.copy(self.edge.folder / name, other.folder / name)
        # Logs are named by the second in which they begin.
        until(lambda: not self.edge.log_folder().name.endswith(
            time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())), "the next second")
        other.start()
        self.assertEqual(other.stop(), 0)
        forged = other.log_folder() / "checkpoint"
        told = self.verify("--since", forged, status=1)
        self.assertIn("which is not there", told)
        shutil.copy(forged, self.copy / "checkpoint")
        self.assertIn("it belongs to the log", self.verify(status=1))

    def test_a_damaged_log_is_not_gone_on_with(self):
        folder = self.edge.folder / "restart"
        shutil.copytree(self.edge.folder / "audit", folder)
        self.edge.audit["directory"] = "restart"
        self.edge.configure()
        self.addCleanup(self.edge.kill)
        log = folder / self.edge.log_folder().name
        last = max(log.glob("*.segment"))
        data = bytearray(last.read_bytes())
        data[5000] ^= 1
        last.write_bytes(data)
        self.edge.launch()
        self.assertEqual(self.edge.wait(), 1)
        self.assertIn("is damaged; the log was altered or the disk failed", self.edge.log())
        self.assertEqual(last.read_bytes(), bytes(data))


class Refusals(unittest.TestCase):

    def test_a_log_whose_file_vanished_discloses_nothing(self):
        edge = Edge({"west": [Endpoint(Origin("west"))]})
        self.addCleanup(edge.kill)
        edge.start()
        client = h2.Connection(edge.port)
        self.addCleanup(client.close)
        self.assertEqual(client.get(document("bytes-10")).status, 200)
        next(edge.log_folder().glob("*.segment")).unlink()
        self.assertEqual(client.get(document("bytes-10")).status, 503)
        self.assertIn("the log's file was replaced, removed or linked a second time", edge.log())
        self.assertEqual(client.get(document("bytes-10")).status, 503)

    def test_a_signing_key_that_others_read_is_refused(self):
        edge = Edge({"west": [Endpoint(Origin("west"))]})
        self.addCleanup(edge.kill)
        (edge.folder / "signing.key").chmod(0o644)
        edge.launch()
        self.assertEqual(edge.wait(), 2)
        self.assertRegex(edge.log(), r"the signing key `.*` is open to others \(mode 644\)")


#: How often the edge is killed. More, by hand: `HOMEWARD_KILLS=200 Tests/EndToEnd/run Kills`.
KILLS = int(os.environ.get("HOMEWARD_KILLS", "12"))


class Kills(unittest.TestCase):

    def test_no_acknowledged_record_is_lost_under_load(self):
        edge = Edge({"west": [Endpoint(Origin("west"))]}, audit={"segment_size": "1MiB"})
        self.addCleanup(edge.kill)
        random.seed(7)
        acknowledged = []
        for _ in range(KILLS):
            edge.start()
            client = h2.Connection(edge.port)
            for _ in range(random.randrange(1, 8)):
                streams = [client.request("GET", document("bytes-10")) for _ in range(20)]
                acknowledged += [client.finish(s).header("ehr-decision-id") for s in streams]
            for _ in range(20):
                client.request("GET", document("bytes-10"))
            edge.kill()
            client.close()
            edge.audit_command("verify", edge.folder / "audit", "--key",
                               edge.folder / "signing.key.pub")
        text = edge.audit_text()
        self.assertEqual([i for i in acknowledged if i not in text], [])
