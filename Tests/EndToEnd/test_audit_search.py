"""Who saw what: found in the log of a running edge and in copies, and proved."""

import json
import shutil
import unittest

from harness import curl, h2, tlog
from harness.case import document
from harness.edge import Edge, Endpoint
from harness.origin import Origin
from harness.waiting import until

#: Patients whose ids do not stand in ciphertext by chance, as two letters would.
ANNA, BERT = "anna-of-the-west", "bert-of-the-east"


class Search(unittest.TestCase):
    """Two patients in two regions, asked for in turns."""

    @classmethod
    def setUpClass(cls):
        cls.edge = Edge({"west": [Endpoint(Origin("west"))], "east": [Endpoint(Origin("east"))]},
                        patients=[f"{ANNA},west,US-AZ,granted,", f"{BERT},east,US-AZ,granted,"],
                        audit={"segment_size": "1MiB"})
        cls.addClassCleanup(cls.edge.kill)
        cls.edge.start()
        client = h2.Connection(cls.edge.port)
        cls.of = {ANNA: [], BERT: [], "stranger": []}
        for number in range(60):
            for patient in (ANNA, BERT) if number % 3 else (BERT, "stranger"):
                answer = client.get(document(f"bytes-{number}", patient))
                cls.of[patient].append(answer.header("ehr-decision-id"))
        client.close()
        cls.key = cls.edge.folder / "signing.key.pub"
        cls.secret = cls.edge.folder / "pseudonym.key"
        cls.logs = cls.edge.folder / "audit"
        last = cls.of[BERT][-1]
        until(lambda: all(hit["signed"] for hit in cls.search("--decision", last)[0])
              and len(cls.search("--decision", last)[0]) == 2,
              lambda: "no checkpoint over the last outcome", within=5)

    @classmethod
    def search(cls, *arguments, folder=None, status=0):
        """Hits, and what the answer covers."""
        text = cls.edge.audit_command("search", folder or cls.logs, "--json", *arguments,
                                      status=status)
        *hits, coverage = map(json.loads, text.splitlines())
        return hits, coverage["logs"]

    def ids(self, *arguments, **options):
        hits, _ = self.search(*arguments, **options)
        return [hit["id"] for hit in hits if hit["kind"] == "decision"]

    def copy(self):
        """A copy of the whole folder of logs."""
        copy = self.edge.folder / f"copy-{self.id()}"
        shutil.copytree(self.logs, copy)
        return copy

    def test_a_control_log_is_no_log_of_decisions(self):
        copy = self.copy()
        self.edge.audit_command("hold", "place", copy, "--signing-key",
                                self.edge.folder / "signing.key", "--author", "counsel",
                                "--reason", "a case")
        hits, logs = self.search("--patient", ANNA, "--unseal", self.secret, folder=copy)
        self.assertEqual(len({hit["id"] for hit in hits}), len(self.of[ANNA]))
        self.assertEqual(len(logs), 1, logs)

    def test_a_patient_has_exactly_his_decisions(self):
        for patient in (ANNA, BERT, "stranger"):
            found = self.ids("--patient", patient, "--unseal", self.secret)
            self.assertEqual(found, self.of[patient])
        self.assertEqual(self.ids("--patient", "nobody", "--unseal", self.secret), [])

    def test_filters_are_combined(self):
        both = ("--patient", ANNA, "--unseal", self.secret)
        self.assertEqual(self.ids(*both, "--region", "west"), self.of[ANNA])
        self.assertEqual(self.ids(*both, "--region", "east"), [])
        self.assertEqual(self.ids("--region", "east"), self.of[BERT])
        self.assertEqual(self.ids(*both, "--refusal", "any"), [])
        refused = self.ids("--refusal", "any")
        self.assertEqual(refused, self.of["stranger"])
        self.assertEqual(self.ids(*both, "--to", "2020-01-01"), [])
        self.assertEqual(self.ids(*both, "--from", "2020-01-01", "--limit", "3"), self.of[ANNA][:3])

    def test_a_hit_is_proved_without_our_tools(self):
        hits, _ = self.search("--patient", BERT, "--unseal", self.secret, "--prove", "--limit", "2")
        self.assertEqual(len(hits), 2)
        for hit in hits:
            entry, index = tlog.check_proof(hit["proof"], self.key)
            self.assertEqual(index, hit["index"])
            self.assertNotIn(BERT.encode(), entry)
            proof = self.edge.folder / "hit.proof"
            proof.write_text(hit["proof"])
            told = self.edge.audit_command("check-proof", proof, "--key", self.key)
            self.assertIn(f"decision {hit['id']}", told)
            text = self.edge.audit_command("prove", hit["log"], hit["index"])
            self.assertEqual(tlog.check_proof(text, self.key), (entry, index))
        told = self.edge.audit_command("search", self.logs, "--decision", hits[0]["id"])
        self.assertIn(f"prove it: homeward audit prove {hits[0]['log']} {hits[0]['index']}", told)
        self.assertRegex(told, r"2 hits; complete through entry \d+ \(2")

    def test_index_and_log_say_the_same(self):
        copy = self.copy()
        log = copy / self.edge.log_folder().name
        questions = [("--patient", ANNA, "--unseal", self.secret), ("--region", "west"),
                     ("--decision", self.of[BERT][7]), ("--from", "2020-01-01", "--class", "notes")]
        read = [self.ids(*question, folder=copy, status=0) for question in questions]
        # A copy gets an index too: its log is closed once another one follows.
        later = copy / (log.name[:-len("20000101T000000Z")] + "29990101T000000Z")
        later.mkdir()
        self.edge.audit_command("index", log)
        self.assertNotEqual(list(log.glob("*.index")), [])
        later.rmdir()
        for question, expected in zip(questions, read):
            self.assertEqual(self.ids(*question, folder=copy), expected)
            self.assertEqual(self.ids(*question, "--no-index", folder=copy), expected)
        _, logs = self.search(*questions[0], folder=copy)
        self.assertEqual(logs[0]["read"], 0)
        block = next(log.glob("*.index"))
        whole = block.read_bytes()
        self.assertNotIn(ANNA.encode(), whole)
        for place in (20, 130, 4100, len(whole) - 4090):
            block.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1:])
            for question, expected in zip(questions, read):
                self.assertEqual(self.ids(*question, folder=copy), expected)
            later.mkdir()
            self.assertIn("1 damaged", self.edge.audit_command("index", log))
            later.rmdir()
            self.assertEqual(block.read_bytes(), whole)

    def test_a_log_whose_key_is_gone_says_so(self):
        copy = self.copy()
        (copy / "keys" / self.edge.log_folder().name).unlink()
        hits, logs = self.search("--patient", ANNA, "--unseal", self.secret, folder=copy)
        self.assertEqual((hits, logs[0]["searched"], logs[0]["reason"]), ([], False, "shredded"))
        self.assertEqual(self.ids("--region", "east", folder=copy), self.of[BERT])

    def test_another_key_is_a_fault(self):
        other = self.edge.folder / "other.key"
        other.write_text("0" * 64)
        self.edge.audit_command("search", self.logs, "--patient", ANNA, "--unseal", other, status=1)

    def test_wrong_questions_are_refused(self):
        for wrong in ((), ("--patient", ANNA), ("--class", "secrets"), ("--refusal", "permit"),
                      ("--from", "yesterday"), ("--from", "2026-01-02", "--to", "2026-01-02"),
                      ("--decision", "12"), ("--tenant", "")):
            self.edge.audit_command("search", self.logs, *wrong, status=2)


class LiveIndex(unittest.TestCase):

    def test_a_running_edge_indexes_what_it_has_written(self):
        edge = Edge({"west": [Endpoint(Origin("west"))]}, audit={"segment_size": "1MiB"})
        self.addCleanup(edge.kill)
        edge.start()
        client = h2.Connection(edge.port)
        self.addCleanup(client.close)
        ids = [client.get(document("echo")).header("ehr-decision-id")]
        until(lambda: curl.load(edge, document("bytes-10"), 1000, 20, 5)["2xx"] == 1000
              and list(edge.log_folder().glob("*.index")), lambda: "no index", within=30)
        ids.append(client.get(document("echo")).header("ehr-decision-id"))
        def search(one):
            *hits, coverage = map(json.loads, edge.audit_command(
                "search", edge.folder / "audit", "--decision", one, "--json").splitlines())
            return hits, coverage

        until(lambda: [hit["signed"] for hit in search(ids[-1])[0]] == [True, True],
              lambda: "no checkpoint over the last outcome", within=5)
        for one in ids:
            hits, coverage = search(one)
            self.assertEqual({hit["id"] for hit in hits}, {one})
            self.assertEqual(coverage["logs"][0]["damagedBlocks"], 0)
            self.assertGreater(coverage["logs"][0]["indexed"], 1000)
            text = edge.audit_command("prove", edge.folder / "audit", one)
            tlog.check_proof(text, edge.folder / "signing.key.pub")
        self.assertEqual(edge.stop(), 0)
        self.assertNotIn("search index", edge.log())
