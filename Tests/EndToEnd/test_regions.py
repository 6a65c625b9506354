"""Operators drain, evacuate, prefer and force regions; the law and the safety rules hold."""

import hashlib
import json
import os
import re
import subprocess
import threading
import time
import unittest

from harness import clock, curl, h2, workshop
from harness.case import document
from harness.edge import Edge, Endpoint, reported
from harness.origin import Origin
from harness.programs import Process
from harness.waiting import until

#: Most reads go to any region; demographics and writes to the home's primary.
POLICY = """\
policy: regional
version: 1
regions:
  west: { jurisdiction: US }
  east: { jurisdiction: US }
routes:
  - id: R-1
    say: Everything goes to the primary of the home region
    when: {}
    serve:
      - { region: home, tier: primary }
    audit: standard
  - id: R-2
    say: All but demographics is read at home, then anywhere
    when: { operation: [read, vread, search] }
    unless: { data_class: [demographics] }
    overrides: [R-1]
    serve:
      - { region: home, tier: replica, staleness: 1h }
      - { region: any, tier: replica, staleness: 1h }
    audit: standard
  - id: R-3
    say: The server's own description comes from any copy
    when: { operation: [capabilities] }
    overrides: [R-1]
    serve:
      - { region: any, tier: replica, staleness: 1h, order: load }
    audit: standard
"""


class Result:
    """What `homeward region` said."""

    def __init__(self, process):
        self.status, self.text, self.error = process.returncode, process.stdout, process.stderr

    @property
    def json(self):
        """Its output as JSON."""
        return json.loads(self.text)

    def __repr__(self):
        return f"<status {self.status}: {self.text}{self.error}>"


class Reader:
    """Asks for the server's description without pause, and notes when and who answered."""

    def __init__(self, port):
        self.reads, self.is_over = [], False
        self.thread = threading.Thread(target=self.run, args=(port,), daemon=True)
        self.thread.start()

    def run(self, port):
        """Reads until it is stopped."""
        with h2.Connection(port) as client:
            while not self.is_over:
                began = time.time()
                answer = client.get("/fhir/metadata")
                self.reads.append(
                    (began, re.search(r'next-hop="([^"]+)"', answer.header("proxy-status"))[1]))

    def stop(self):
        """Ends it."""
        self.is_over = True
        self.thread.join()


class RegionCase(unittest.TestCase):
    """Two regions with a primary and a replica each."""

    #: What the edge runs with; None for our own.
    environment = None

    def setUp(self):
        self.servers = {
            region: [Process(region, f"{region}-1", "primary", [other]),
                     Process(region, f"{region}-2", "replica", [other])]
            for region, other in (("west", "east"), ("east", "west"))}
        for process in sum(self.servers.values(), []):
            self.addCleanup(process.kill)
        self.edge = Edge(
            {region: [Endpoint(primary), Endpoint(replica, tier="replica")]
             for region, (primary, replica) in self.servers.items()},
            policy=POLICY, admin=True, timeouts={"first_byte": "5s"})
        self.edge.environment = self.environment
        self.edge.start()
        self.addCleanup(self.edge.kill)
        until(lambda: [s["reach"] for r in self.status()["regions"] for s in r["servers"]]
              == ["healthy"] * 4, self.status)

    def region(self, *words):
        """Runs `homeward region`."""
        return Result(subprocess.run(
            [str(word) for word in (workshop.binary(), "region", *words, *self.way(words))],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30))

    def way(self, words):
        """How a command comes to the edge: to its admin API, at the port that the kernel picked."""
        port = () if "--offline" in words else (
            "--admin", f"https://127.0.0.1:{self.edge.admin_port}")
        return ("--config", self.edge.configuration, *port)

    def order(self, verb, region, *words, time="10m"):
        """Gives an order."""
        return self.region(verb, region, "--for", time, "--reason", "a test", "--ticket", "T-1",
                           *words)

    def release(self, order):
        """Ends an order, once another act may follow."""
        words = ("release", order, "--reason", "done")
        self.act_in_time(lambda: self.region(*words))

    def act_in_time(self, act):
        """Acts, once so much time lies between it and the act before as the rules want."""
        result = until(lambda: (lambda r: None if "rule-s6" in r.error else r)(act()),
                       "the act to be possible", pause=0.3)
        self.assertEqual(result.status, 0, result)

    def status(self):
        """What `status` knows."""
        result = self.region("status", "--json")
        self.assertEqual(result.status, 0, result)
        return result.json

    def hop(self, path=None):
        """The server that answers a read; None when none does."""
        reply = curl.fetch(self.edge, path or document("bytes-10"))
        if reply.status == 503:
            return None
        self.assertEqual(reply.status, 200, reply)
        return re.search(r'next-hop="([^"]+)"', reply.header("proxy-status"))[1]

    def until_hop(self, name):
        """Waits until reads are answered there."""
        until(lambda: self.hop() == name, lambda: f"{self.hop()}: {self.edge.log()[-2000:]}")

    def actions(self):
        """The operators' acts in the audit log: subject, author, detail."""
        records = [json.loads(line) for line in self.edge.audit_text().splitlines()]
        return [(r["subject"], r["author"], r["detail"]) for r in records
                if r["kind"] == "operator-action"]


class Drains(RegionCase):
    """The ordinary case, and its ends."""

    def test_a_drain_under_load_fails_nothing_and_expires(self):
        self.assertEqual(self.hop(), "west-2")
        load = curl.Load(self.edge, document("bytes-500"), requests=8000, clients=8, streams=2)
        load.wait_progress(20)
        result = self.order("drain", "west", "--tier", "replica", time="4s")
        self.assertEqual(result.status, 0, result)
        self.assertIn("O-1: drain west/replica until", result.text)
        self.until_hop("east-2")
        counts = load.finish()
        self.assertEqual(counts["2xx"], counts["total"], "\n".join(load.lines[-12:]))
        # Its time is over.
        self.until_hop("west-2")
        until(lambda: len(self.actions()) == 2, self.actions)
        begin, end = self.actions()
        self.assertEqual(begin[:2], ("drain west/replica", "ana"))
        self.assertIn("O-1, until", begin[2])
        self.assertIn("ticket T-1, a test", begin[2])
        self.assertEqual(end, ("end of drain west/replica", "ana", "O-1, its time is over"))

    def test_an_order_is_in_force_within_50_milliseconds(self):
        """Reads follow load until a region is preferred to which they do not go. The best of some
        attempts: this machine may be busy, and the reader with it."""
        reader = Reader(self.edge.port)
        self.addCleanup(reader.stop)
        history, delays = self.edge.folder / "operators" / "history", []
        for number in range(1, 9, 2):
            until(lambda: reader.reads, "a read")
            region = "east" if reader.reads[-1][1] == "west-2" else "west"
            self.assertEqual(self.order("prefer", region).status, 0)
            done = os.stat(history).st_mtime
            until(lambda: {hop for _, hop in reader.reads[-50:]} == {f"{region}-2"},
                  lambda: reader.reads[-50:])
            # The last read that began after the act and went to the other region.
            delays.append(max([at - done for at, hop in reader.reads if hop != f"{region}-2"]))
            self.release(f"O-{number}")
        print(f"orders in force after {[round(1000 * d) for d in delays]} ms")
        self.assertLess(min(delays), 0.05, delays)

    def test_a_restart_keeps_an_order_and_release_ends_it(self):
        self.order("drain", "west", "--tier", "replica")
        self.until_hop("east-2")
        self.assertEqual(self.edge.stop(), 0)
        self.edge.start()
        self.assertEqual(self.hop(), "east-2")
        self.release("O-1")
        self.until_hop("west-2")
        until(lambda: len(self.actions()) == 3, self.actions)
        self.assertIn("in force at the start", self.actions()[1][2])
        self.assertEqual(self.actions()[2],
                         ("end of drain west/replica", "ana", "O-1, released: done"))

    def test_a_damaged_history_falls_back_to_the_snapshot(self):
        self.order("drain", "west", "--tier", "replica")
        self.until_hop("east-2")
        history = self.edge.folder / "operators" / "history"
        history.write_bytes(history.read_bytes().replace(b"drain", b"drein"))
        until(lambda: "the last good snapshot is in force" in self.edge.log(), self.edge.log)
        self.assertEqual(self.hop(), "east-2")
        self.assertEqual(self.edge.stop(), 0)
        self.edge.start()
        self.assertEqual(self.hop(), "east-2")
        self.assertIn("snapshot", self.status()["warning"])
        self.release("O-1")
        self.until_hop("west-2")
        self.assertIsNone(self.status()["warning"])


class SignedSnapshot(RegionCase):
    """What an edge falls back to when the history is damaged is what it signed itself."""

    def setUp(self):
        super().setUp()
        self.folder = self.edge.folder / "operators"
        self.signed = self.folder / "signed" / "edge-test"
        self.order("drain", "west", "--tier", "replica")
        self.until_hop("east-2")
        until(self.signed.exists, "the signature")

    def damage(self):
        """The history does not follow any more."""
        history = self.folder / "history"
        history.write_bytes(history.read_bytes().replace(b"drain", b"drein"))

    def forge(self):
        """The snapshot says another region, with a right hash."""
        lines = (self.folder / "snapshot").read_text().splitlines()[:-1]
        body = "\n".join(lines).replace("\twest\t", "\teast\t") + "\n"
        (self.folder / "snapshot").write_text(
            body + hashlib.sha256(body.encode()).hexdigest() + "\n")

    def restart(self):
        """Ends the edge's process and begins another."""
        self.edge.kill()
        self.edge.start()

    def test_a_good_snapshot_keeps_the_orders_over_a_restart(self):
        self.damage()
        self.restart()
        until(lambda: "the last good snapshot is in force" in self.edge.log(), self.edge.log)
        self.assertEqual(self.hop(), "east-2")

    def test_a_forged_snapshot_is_refused_by_a_running_edge(self):
        self.damage()
        self.forge()
        until(lambda: "the snapshot is refused" in self.edge.log(), self.edge.log)
        for _ in range(5):
            self.assertEqual(self.hop(), "east-2")
        # An act on top of it makes it no better.
        self.act_in_time(lambda: self.order("prefer", "west"))
        until(lambda: "does not continue what this edge signed" in self.edge.log(), self.edge.log)
        self.assertEqual(self.hop(), "east-2")

    def test_a_forged_snapshot_is_refused_at_the_start(self):
        self.damage()
        self.forge()
        self.restart()
        until(lambda: "the snapshot is refused" in self.edge.log(), self.edge.log)
        # What the edge signed is in force.
        self.assertEqual(self.hop(), "east-2")
        # Without that, nothing but what stands before the damage is believed.
        self.signed.write_bytes(self.signed.read_bytes().replace(b"west", b"east"))
        self.restart()
        self.assertIn("was not signed by `audit.signing_key`", self.edge.log())
        self.assertIn("the snapshot is refused", self.edge.log())
        self.assertEqual(self.hop(), "west-2")

    def test_keys_change(self):
        subprocess.run([workshop.binary(), "audit", "keys", self.edge.folder / "new.key"],
                       check=True, stdout=subprocess.DEVNULL)
        self.assertEqual(self.edge.stop(), 0)
        before = self.signed.read_bytes()
        self.edge.audit |= {"signing_key": "new.key", "retiring_signing_key": "signing.key"}
        self.edge.configure()
        self.damage()
        self.edge.start()
        self.assertNotIn("refused", self.edge.log())
        self.assertEqual(self.hop(), "east-2")
        until(lambda: self.signed.read_bytes() != before, "the new key's signature")


class Rules(RegionCase):
    """What operators cannot do."""

    def refused(self, result, code, *words):
        """It was refused with a code and these words, and nothing changed."""
        self.assertEqual(result.status, 1, result)
        self.assertIn(f"[{code}]", result.error)
        for word in words:
            self.assertIn(word, result.error)

    def test_a_home_keeps_its_lawful_target(self):
        for verb in ("drain", "evacuate", "hold-out"):
            self.refused(self.order(verb, "west"), "rule-s1", "home `west`",
                         "would lose the last lawful target", "--tier replica")
        self.assertEqual(self.status()["orders"], [])
        preview = self.order("drain", "west", "--dry-run")
        self.assertEqual(preview.status, 1)
        self.assertIn("west primary: auto -> drain", preview.text)
        self.assertIn("S1 BROKEN", preview.text)
        self.assertIn("S5 holds", preview.text)
        preview = self.order("drain", "west", "--tier", "replica", "--dry-run", "--json")
        self.assertTrue(preview.json["ok"])
        self.assertEqual(preview.json["changes"], ["west replica: auto -> drain"])
        self.assertEqual(self.hop(), "west-2")

    def test_who_comes_second_is_told_who_came_first(self):
        self.assertEqual(self.order("prefer", "east").status, 0)
        self.refused(self.order("prefer", "east"), "order-taken", "O-1", "by ana")
        self.refused(self.order("freeze", "north"), "unknown-region", "west, east")
        self.refused(self.order("freeze", "east", "--if-revision", 0), "revision-changed")
        self.assertEqual(self.order("freeze", "east", "--if-revision", 1).status, 0)
        self.refused(self.order("drain", "east", "--tier", "replica"), "region-frozen", "O-2")
        self.assertEqual(self.order("drain", "east", time="8d").status, 2)
        self.assertEqual(self.order("drain", "east", time="soon").status, 2)

    def test_force_makes_no_unlawful_route(self):
        self.assertEqual(self.order("force-in", "east").status, 0)
        self.assertEqual(self.order("prefer", "east").status, 0)
        until(lambda: len(self.actions()) == 2, self.actions)
        # A read of the home's own goes nowhere else, although the home's primary is dead.
        west = "/fhir/Patient/p1"
        self.assertEqual(self.hop(west), "west-1")
        self.servers["west"][0].kill()
        until(lambda: "west-1" in self.edge.endpoints("down"), "the dead primary to be missed")
        self.assertIsNone(self.hop(west))
        # Forced in, it is tried and fails: no answer comes from elsewhere.
        self.act_in_time(lambda: self.order("force-in", "west"))
        until(lambda: len(self.actions()) == 3, self.actions)
        reply = curl.fetch(self.edge, west)
        self.assertIn(reply.status, (502, 503, 504), reply)
        self.assertNotIn("east", reply.header("proxy-status") or "")

    def test_an_evacuation_ends_in_hold_out(self):
        result = self.order("evacuate", "west", "--tier", "replica", time="1s")
        self.assertEqual(result.status, 0, result)
        until(lambda: [o["kind"] for o in self.status()["orders"]] == ["hold-out"], self.status)
        self.assertEqual(self.hop(), "east-2")
        self.release("O-1")
        self.until_hop("west-2")

    def test_status_fits_a_terminal(self):
        self.order("drain", "west", "--tier", "replica")
        until(lambda: self.status()["edge"], "the edge's report")
        text = self.region("status").text
        self.assertLessEqual(max(map(len, text.splitlines())), 80, text)
        self.assertRegex(text, r"west-2 +replica +healthy +\d+ ms +[\d.]+ +\d+ +\d+ +drain")
        self.assertRegex(text, r"east-1 +primary +healthy +0 ms +[\d.]+ +\d+ +\d+ +auto")
        self.assertIn("west-2: kept out by O-1", text)
        self.assertIn("by ana  ticket T-1", text)


class Offline(RegionCase):
    """Without a running edge, its folder can still be written; the record says how."""

    def setUp(self):
        super().setUp()
        # What an edge saw last counts for some seconds after its end.
        until(lambda: all(fields[3] == "healthy" and (fields[7] or fields[2] == "primary")
                          for fields in self.reported()), self.reported)

    def reported(self):
        """The servers of the edge's report in the folder."""
        lines = (reported(self.edge.folder / "operators") or "\n" + "\t" * 9).splitlines()
        return [line.split("\t") for line in lines[1:]]

    def offline(self, verb, *words):
        """Runs a command on the folder."""
        return self.region(verb, *words, "--offline")

    def test_an_order_without_an_edge_is_in_force_when_it_starts(self):
        self.assertEqual(self.edge.stop(), 0)
        refused = self.order("drain", "west", "--tier", "replica")
        self.assertEqual(refused.status, 1)
        for word in (f"no edge answers at https://127.0.0.1:{self.edge.admin_port}",
                     "homeward run --config", "--offline", "[unreachable]"):
            self.assertIn(word, refused.error)
        words = ("drain", "west", "--tier", "replica", "--for", "10m", "--reason", "a test",
                 "--ticket", "T-1")
        nobody = self.offline(*words)
        self.assertEqual(nobody.status, 2, nobody)
        self.assertIn("needs `--author`", nobody.error)
        given = self.offline(*words, "--author", "Ana")
        self.assertEqual(given.status, 0, given)
        shown = self.offline("status", "--json")
        self.assertEqual([o["author"] for o in shown.json["orders"]], ["offline:Ana"])
        self.assertEqual(shown.json["regions"][0]["servers"][1]["state"], "drain")
        self.edge.start()
        self.assertEqual(self.hop(), "east-2")
        until(lambda: self.actions(), "the record")
        self.assertEqual(self.actions()[0][:2], ("drain west/replica", "offline:Ana"))

    def test_a_running_edge_follows_the_folder(self):
        result = self.offline("drain", "west", "--tier", "replica", "--for", "10m", "--reason", "x",
                              "--ticket", "T-1", "--author", "Ana")
        self.assertEqual(result.status, 0, result)
        self.until_hop("east-2")

    def test_nobody_is_another(self):
        result = self.order("prefer", "east", "--author", "Bo")
        self.assertEqual(result.status, 2)
        self.assertIn("`--author` needs `--offline`", result.error)


@unittest.skipUnless(clock.compiler(), "needs a C compiler")
class MovedClock(RegionCase):
    """The wall clock of the edge's machine is set back."""

    def setUp(self):
        self.clock = clock.Moving()
        self.environment = self.clock.environment
        super().setUp()

    def test_reports_go_on(self):
        def written():
            return int((reported(self.edge.folder / "operators") or "-\t0").split("\t")[1])
        before = until(written, "a report")
        self.clock.set(-3600)
        until(lambda: written() < before - 3_000_000_000, written)


class Unconfigured(unittest.TestCase):
    """An edge without the key has no operators."""

    def test_the_command_says_what_is_missing(self):
        edge = Edge({"west": [Endpoint(Origin("west"))]})
        for words, missing in (((), "no admin API"), (
                ("--offline",), "operators: { directory: ... }")):
            result = subprocess.run(
                [workshop.binary(), "region", "status", *words, "--config", edge.configuration],
                capture_output=True, text=True, stdin=subprocess.DEVNULL)
            self.assertEqual(result.returncode, 2)
            self.assertIn(missing, result.stderr)


if __name__ == "__main__":
    unittest.main()
