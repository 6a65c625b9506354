"""The end of logs: holds, expiry, shredding, and what two verifiers say about what is left."""

import json
import shutil
import unittest

from harness import clock, h2, tlog
from harness.case import document
from harness.edge import Edge, Endpoint
from harness.origin import Origin


@unittest.skipUnless(clock.compiler(), "without a C compiler no program believes in another date")
class Life(unittest.TestCase):
    """Three months of two classes, then years go by."""

    @classmethod
    def setUpClass(cls):
        retention = "{ clinical: { keep: 30d }, notes: { keep: 3650d, data_classes: [notes] } }"
        cls.edge = Edge({"west": [Endpoint(Origin("west"))]}, audit={"retention": retention})
        cls.addClassCleanup(cls.edge.kill)
        for days in (0, 40, 80):
            # The first month is our own; an edge only begins the next ones, since certificates end.
            cls.edge.environment = clock.ahead(days) if days else None
            cls.edge.start(healthy=not days)
            if not days:
                with h2.Connection(cls.edge.port) as client:
                    client.get(document("bytes-10"))
                    client.get("/fhir/Observation?patient=p1&category=laboratory")
            assert cls.edge.stop() == 0
        cls.key = cls.edge.folder / "signing.key.pub"

    def setUp(self):
        """A copy, in which a test ends lives; years later."""
        self.folder = self.edge.folder / f"copy-{self.id()}"
        shutil.copytree(self.edge.folder / "audit", self.folder)
        self.edge.environment = clock.ahead(400)
        self.logs = {name: sorted(path.name for path in self.folder.glob(f"*.{name}.*"))
                     for name in ("clinical", "notes")}

    def audit(self, command, *arguments, status=0, why="a test"):
        """A command that needs a warrant."""
        action = command.split()
        return self.edge.audit_command(
            *action, self.folder, *arguments, "--signing-key", self.edge.folder / "signing.key",
            "--author", "J. Doe", "--reason", why, status=status)

    def verify(self, status=0):
        """What `verify` says, by the log's folder; or its complaint."""
        told = self.edge.audit_command("verify", self.folder, "--key", self.key,
                                       *([] if status else ["--json"]), status=status)
        if status:
            return told
        return {r["origin"].replace("/audit/", ".").replace("/", "."): r for r in json.loads(told)}

    def exported(self, log):
        """What the independent verifier says about a log's export."""
        out = self.folder.parent / f"tiles-{self.id()}"
        shutil.rmtree(out, ignore_errors=True)
        self.edge.audit_command("export", self.folder / log, "--format", "tlog-tiles", "--out", out)
        return tlog.verify(out, self.key)

    def test_only_what_is_due_expires_and_the_chain_holds(self):
        self.assertEqual({name: len(logs) for name, logs in self.logs.items()},
                         {"clinical": 3, "notes": 3})
        before = self.verify()
        self.assertEqual({r["state"] for r in before.values()}, {"whole"})
        told = self.audit("expire")
        self.assertEqual(told.count("would be removed"), 2)
        self.assertEqual(told.count("newest of its class"), 2)
        self.assertEqual(told.count("it is kept until"), 2)
        self.assertEqual(self.verify(), before, "a plan changed something")
        told = self.audit("expire", "--apply", "--keep", "clinical=36500")
        self.assertEqual(told.count("it is kept until"), 4)
        self.assertEqual(self.audit("expire", "--apply").count(": removed: "), 2)
        first, second, newest = self.logs["clinical"]
        for log in (first, second):
            self.assertEqual({path.name for path in (self.folder / log).iterdir()},
                             {"checkpoint", "key.pub", "expired"})
            self.assertFalse((self.folder / "keys" / log).exists())
        found = self.verify()
        self.assertEqual([found[log]["state"] for log in (first, second, newest)],
                         ["expired", "expired", "whole"])
        self.assertEqual(found[first]["author"], "J. Doe")
        self.assertNotIn("removed: ", self.audit("expire", "--apply"))
        self.edge.audit_command("stats", self.folder)
        self.edge.audit_command("export", self.folder, "--format", "fhir")
        # The other verifier agrees: what is left proves what the log followed.
        self.assertEqual(len(self.exported(first)), 1)
        self.assertEqual(len(self.exported(second)), 1)

    def test_what_is_removed_without_a_record_is_a_fault(self):
        self.audit("expire", "--apply")
        first = self.folder / self.logs["clinical"][0]
        tombstone = (first / "expired").read_text()
        shutil.rmtree(next(self.folder.glob("*.control.*")))
        self.assertIn("no control log beside it says that they expired", self.verify(status=1))
        # A whole log that is made to look expired.
        shutil.rmtree(self.folder)
        self.setUp()
        for path in [*first.glob("*.segment"), *first.glob("level-*")]:
            path.unlink()
        (first / "expired").write_text(tombstone)
        self.assertIn("no control log beside it says that they expired", self.verify(status=1))

    def test_a_changed_remainder_is_a_fault_for_both(self):
        self.audit("expire", "--apply")
        tombstone = self.folder / self.logs["clinical"][0] / "expired"
        text = tombstone.read_text()
        place = text.index("extra ") + 40
        tombstone.write_text(text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1:])
        self.assertIn("does not prove the first entry", self.verify(status=1))
        with self.assertRaises(ValueError):
            self.exported(self.logs["clinical"][0])

    def test_a_hold_keeps_a_log(self):
        month = self.logs["clinical"][0].split(".")[-1][:6]
        month = f"{month[:4]}-{month[4:]}"
        hold = self.audit("hold place", "--class", "clinical", "--to", month).strip()
        self.assertEqual(hold, "H-1")
        listed = json.loads(self.edge.audit_command("hold", "list", self.folder, "--json"))
        self.assertEqual([(h["id"], h["class"], h["author"]) for h in listed],
                         [("H-1", "clinical", "J. Doe")])
        told = self.audit("expire", "--apply")
        self.assertIn("it is under the hold H-1", told)
        self.assertEqual(told.count(": removed: "), 1)
        told = self.audit("shred", self.logs["clinical"][0], status=1)
        self.assertIn("under the hold H-1", told)
        self.audit("hold lift", "H-1")
        self.assertEqual(self.edge.audit_command("hold", "list", self.folder), "")
        self.assertIn("lifted already", self.audit("hold lift", "H-1", status=1))
        self.assertEqual(self.audit("expire", "--apply").count(": removed: "), 1)
        self.assertEqual({r["state"] for r in self.verify().values()}, {"whole", "expired"})

    def test_a_shredded_log_is_whole_and_unreadable(self):
        log = self.logs["clinical"][0]
        opened = ["--json", "--unseal", self.edge.folder / "pseudonym.key"]
        self.assertIn('"patientId":"p1"',
                      self.edge.audit_command("show", self.folder / log, *opened))
        entries = self.exported(log)
        self.audit("shred", log, why="erasure 26-031")
        self.assertFalse((self.folder / "keys" / log).exists())
        text = self.edge.audit_command("show", self.folder / log, *opened)
        self.assertIn('"sealed":true', text)
        self.assertNotIn("patientId", text)
        report = self.verify()[log]
        self.assertEqual((report["state"], report["whole"]), ("shredded", True))
        self.assertEqual(self.exported(log), entries)
        told = self.edge.audit_command("verify", self.folder, "--key", self.key)
        self.assertIn("its keys were destroyed by J. Doe", told)
        self.assertIn("erasure 26-031", told)
        self.assertIn("shredded already", self.audit("shred", log, status=1))
        self.assertIn("newest log of its class", self.audit("shred", self.logs["notes"][2],
                                                            status=1))
        # Without a record, missing keys are told apart.
        (self.folder / "keys" / self.logs["notes"][0]).unlink()
        self.assertEqual(self.verify()[self.logs["notes"][0]]["state"], "keys missing")

    def test_operators_deeds_are_exported_with_their_author(self):
        self.audit("hold place")
        log = next(self.folder.glob("*.control.*"))
        event = json.loads(self.edge.audit_command(
            "export", log, "--format", "fhir").splitlines()[-1])
        self.assertEqual(event["agent"][1]["who"]["identifier"]["value"], "J. Doe")
        self.assertEqual(event["subtype"][0]["code"], "hold")
        self.assertIn("no retention class", self.audit("hold place", "--class", "A.b", status=2))


class SigningKeys(unittest.TestCase):

    def test_keys_change_with_an_overlap(self):
        edge = Edge({"west": [Endpoint(Origin("west"))]})
        self.addCleanup(edge.kill)
        edge.start()
        self.assertEqual(edge.stop(), 0)
        old, new = edge.folder / "signing.key", edge.folder / "signing-2.key"
        edge.audit_command("keys", new)
        edge.audit["signing_key"] = new.name
        edge.configure()
        edge.launch()
        self.assertEqual(edge.wait(), 1)
        self.assertIn("audit.retiring_signing_key", edge.log())
        edge.audit["retiring_signing_key"] = old.name
        edge.configure()
        edge.start()
        self.assertEqual(edge.stop(), 0)
        folder = edge.folder / "audit"
        for key in (old, new):
            edge.audit_command("verify", folder, "--key", f"{key}.pub")
        events = [json.loads(line) for line in edge.audit_text().splitlines()]
        self.assertEqual([e["kind"] for e in events].count("key-event"), 1)
        del edge.audit["retiring_signing_key"]
        edge.configure()
        edge.start()
        self.assertEqual(edge.stop(), 0)
        edge.audit_command("verify", folder, "--key", f"{new}.pub")
        edge.audit_command("verify", folder, "--key", f"{old}.pub", status=1)
        edge.audit_command("verify", folder, "--key", f"{old}.pub", "--key", f"{new}.pub")
        tiles = edge.folder / "tiles"
        edge.audit_command("export", folder, "--format", "tlog-tiles", "--out", tiles)
        self.assertGreater(len(tlog.verify(tiles, f"{new}.pub")), 5)
