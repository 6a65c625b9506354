"""Who takes the writes: records in epochs, edges' leases, writes that wait while they move."""

import json
import signal
import subprocess
import time
import unittest

from harness import curl, h1, h2, workshop
from harness.case import operation
from harness.edge import Edge, Endpoint, reported, reports
from harness.waiting import until
from harness.writable import Writable, Writer


class AuthorityCase(unittest.TestCase):
    """One region with a primary and a replica, and edges that share an operators' folder."""

    edge_count = 1
    limits = None
    timeouts = None

    def setUp(self):
        self.primary = Writable("west", "west-p")
        self.replica = Writable("west", "west-r", "replica")
        self.folder = workshop.folder("shared") / "operators"
        self.edges = [self.make(number) for number in range(self.edge_count)]
        self.edge = self.edges[0]
        self.copied = 0

    def configure(self, edge):
        """What a class wants different; called before the edge's configuration is written."""

    def regions(self):
        """The servers by region."""
        return {"west": [Endpoint(self.primary), Endpoint(self.replica, tier="replica")]}

    def options(self):
        """What a class wants different of its edges."""
        return {}

    def make(self, number, **options):
        """Starts another edge."""
        edge = Edge(self.regions(), patients=["p1,west,US-AZ,granted,", "p2,west,US-AZ,granted,"],
                    operators={"directory": self.folder, "copy": "operators.copy"},
                    limits=self.limits, timeouts=self.timeouts, **options, **self.options())
        edge.instance = f"edge-{number}"
        self.configure(edge)
        edge.configure()
        edge.start()
        self.addCleanup(edge.kill)
        return edge

    # The operator.

    def authority(self, *words, status=0):
        """Runs `homeward authority` and gives what it printed."""
        acts = ("--author", "Ana", "--reason", "a test") if words[0] != "show" else ()
        result = subprocess.run(
            [str(word) for word in (workshop.binary(), "authority", *words, "--config",
                                    self.edge.configuration, "--offline", *acts, "--json")],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return json.loads(result.stdout) if result.stdout else result.stderr

    def init(self):
        """The first record, once all edges see the primary; waits until all follow it."""
        def seeing():
            return sum("\tprimary\thealthy\tprimary\t" in text for text in reports(self.folder))
        until(lambda: seeing() >= len(self.edges), lambda: reports(self.folder))
        self.authority("init", "west")
        self.follow()

    def change(self, *words):
        """A change of the record."""
        return self.authority("change", "west", *words)["authorities"][0]

    def shown(self):
        """Records and edges."""
        return self.authority("show")

    def follow(self, edges=None):
        """Waits until the edges have seen the last act and have no write under way."""
        def all_have():
            shown = self.shown()
            act = shown["authorities"][0]["act"]
            known = [e for e in shown["edges"] if edges is None or e["edge"].startswith(edges)]
            return known and all(
                e["seen"] >= act and not e["writes"].get("west") for e in known)
        until(all_have, self.shown)

    def switch(self, old=None, new=None, epoch=2):
        """Moves the authority from the primary to the replica, as a plan would."""
        old, new = old or self.primary, new or self.replica
        self.change("fence")
        self.follow()
        self.promote(old, new, epoch)

    def promote(self, old, new, epoch):
        """The second half: the old primary follows, and the new one has all of its log."""
        log = old.entries()
        old.become("replica", epoch - 1)
        self.change("fenced", "--position", len(log))
        self.change("promote", "--endpoint", new.name, "--position", len(log))
        new.become("primary", epoch, log)
        self.change("activate")

    # Clients.

    def write(self, number, edge=None, patient="p1", **options):
        """One write; its answer."""
        return curl.fetch(edge or self.edge, operation(f"note-{number}", patient), "--request",
                          "POST", **options)

    def leave_without_primary(self):
        """Fences; the holder says that it is a copy, and the other server is far behind."""
        self.init()
        self.replica.lag_milliseconds = 10_000_000
        self.change("fence")
        self.follow()
        self.primary.become("replica", 1)
        until(lambda: "\tprimary\thealthy\treplica\t" in reports(self.folder)[0],
              lambda: reports(self.folder))

    def assert_outcome(self, reply, status, code):
        """A refusal of the edge's own."""
        self.assertEqual(reply.status, status, reply)
        self.assertEqual(reply.json["issue"][0]["details"]["coding"][0]["code"], code)

    def decisions(self, edge=None):
        """The decisions in the log, with their outcomes, by identifier."""
        lines = list(map(json.loads, (edge or self.edge).audit_text().splitlines()))
        outcomes = {}
        for line in lines:
            if line["kind"] == "outcome":
                outcomes.setdefault(line["id"], []).append(line)
        return [(line, outcomes.get(line["id"], [])) for line in lines
                if line["kind"] == "decision"]


class Switchovers(AuthorityCase):
    """An authority that moves while clients write."""

    edge_count = 2

    def test_a_switchover_under_load_fails_and_loses_nothing(self):
        self.init()
        writers = [Writer(edge, first=1 + 100_000 * index, patient="p1")
                   for index, edge in enumerate(self.edges * 3)]
        until(lambda: all(len(w.results) > 20 for w in writers), "writes")
        began = time.monotonic()
        self.switch()
        took = time.monotonic() - began
        counts = [len(w.results) for w in writers]
        until(lambda: all(len(w.results) > n + 20 for w, n in zip(writers, counts)),
              lambda: f"{[w.results[-1] for w in writers]} {self.edge.log()[-2000:]}")
        results = [result for writer in writers for result in writer.stop()]
        self.assertEqual({status for _, status, *_ in results}, {200}, results[-1])
        log = self.replica.entries()
        self.assertEqual(sorted(log), sorted(n for w in writers for n in w.acknowledged))
        self.assertEqual(len(set(log)), len(log))
        # Each client's writes stand in its order.
        for writer in writers:
            numbers = set(writer.acknowledged)
            self.assertEqual([n for n in log if n in numbers], writer.acknowledged)
        longest = max(seconds for _, _, seconds, _ in results)
        print(f"switchover by commands {took:.2f} s, longest write {longest:.2f} s")
        # The old primary never took a write behind the fence, and each write said its epoch.
        epochs = {r.header("ehr-epoch") for r in self.primary.requests if r.method == "POST"}
        self.assertEqual(epochs, {"1"})
        epochs = {r.header("ehr-epoch") for r in self.replica.requests if r.method == "POST"}
        self.assertEqual(epochs, {"2"})

    def test_the_authority_goes_there_and_back_at_once(self):
        self.init()
        writers = [Writer(edge, first=1 + 100_000 * index)
                   for index, edge in enumerate(self.edges)]
        until(lambda: all(len(w.results) > 10 for w in writers), "writes")
        for epoch in (2, 3, 4):
            old, new = self.primary, self.replica
            if epoch == 3:
                old, new = new, old
            self.switch(old, new, epoch)
        count = self.replica.count()
        until(lambda: self.replica.count() > count + 20, self.edge.log)
        results = [result for writer in writers for result in writer.stop()]
        self.assertEqual({status for _, status, *_ in results}, {200}, results[-1])
        log = self.replica.entries()
        self.assertEqual(sorted(log), sorted(n for w in writers for n in w.acknowledged))

    def test_hundreds_wait_and_go_in_their_patients_order(self):
        self.init()
        self.change("fence")
        self.follow()
        client = h2.Connection(self.edge.port)
        self.addCleanup(client.close)
        numbers = range(1, 91)
        streams = [client.request("POST", operation(f"note-{n}", f"p{n % 2 + 1}"))
                   for n in numbers]
        self.replica.pause = 0.002
        self.promote(self.primary, self.replica, 2)
        self.assertEqual({client.finish(s, within=20).status for s in streams}, {200})
        log = self.replica.entries()
        self.assertEqual(sorted(log), list(numbers))
        for rest in (0, 1):
            self.assertEqual([n for n in log if n % 2 == rest],
                             [n for n in numbers if n % 2 == rest])
        self.assertEqual(self.primary.entries(), [])

    def test_both_edges_follow_one_record(self):
        """Both could reach both servers, which both say that they are the primary."""
        self.init()
        self.replica.become("primary", 2)
        until(lambda: self.edge.endpoints("healthy"), "health")
        time_to_see = time.monotonic() + 1.0
        while time.monotonic() < time_to_see:
            for number, edge in enumerate(self.edges):
                reply = self.write(number, edge)
                self.assertIn(reply.status, (200, 503), reply)
        self.assertEqual(self.replica.entries(), [])
        self.assertEqual(set(self.primary.entries()), {0, 1})
        self.assertEqual([a["endpoint"] for a in self.shown()["authorities"]], ["west-p"])

    def test_a_stopped_edge_writes_nothing_when_it_wakes(self):
        self.init()
        self.assertEqual(self.write(1).status, 200)
        stopped = self.edges[1]
        with h1.Connection(stopped.port) as client:
            client.request("POST", operation("note-2"))
            self.assertEqual(client.response("POST").status, 200)
            stopped.signal(signal.SIGSTOP)
            # The request lies in the edge's socket when it wakes.
            client.request("POST", operation("note-3"))
            self.change("fence")
            self.follow("edge-0")
            # Its acknowledgement never comes: the wait is that for its lease.
            time.sleep(6.4)
            log = self.primary.entries()
            # The old primary stays writable, in its epoch: nobody could reach it.
            self.change("fenced", "--position", len(log))
            self.change("promote", "--endpoint", "west-r", "--position", len(log))
            self.replica.become("primary", 2, log)
            self.change("activate")
            until(lambda: self.write(4).status == 200, self.edge.log)
            stopped.signal(signal.SIGCONT)
            self.assertEqual(client.response("POST", within=20).status, 200)
        self.assertEqual(self.primary.entries(), [1, 2])
        self.assertEqual(sorted(self.replica.entries()[2:]), [3, 4])

    def test_compensation_gives_the_writes_back(self):
        self.init()
        writer = Writer(self.edge)
        until(lambda: len(writer.results) > 10, "writes")
        self.change("fence")
        self.follow()
        count = self.primary.count()
        self.change("fenced", "--position", count)
        self.assertEqual(self.primary.count(), count)
        self.change("restore")
        until(lambda: self.primary.count() > count + 10, self.edge.log)
        results = writer.stop()
        self.assertEqual({status for _, status, *_ in results}, {200}, results[-1])
        self.assertEqual(self.primary.entries(), writer.acknowledged)

    def test_reads_of_the_primary_go_on_while_it_moves(self):
        self.init()
        self.replica.lag_milliseconds = 10_000_000
        self.change("fence")
        self.follow()
        for change in (["fenced"], ["promote", "--endpoint", "west-r"]):
            self.change(*change)
            self.follow()
            reply = curl.fetch(self.edge, "/fhir/DocumentReference/p1.notes")
            self.assertEqual(reply.status, 200, reply)
            self.assertIn("west-p", reply.header("proxy-status"))

    def test_reads_of_the_primary_wait_while_there_is_none(self):
        self.leave_without_primary()
        with h2.Connection(self.edge.port) as client:
            held = client.request("GET", "/fhir/DocumentReference/p1.notes")
            # What came later on the same connection is answered: the read was decided.
            self.assertEqual(client.finish(client.request("GET", "/elsewhere")).status, 503)
            self.change("fenced")
            self.change("promote", "--endpoint", "west-r")
            self.replica.become("primary", 2)
            self.change("activate")
            answer = client.finish(held)
        self.assertEqual(answer.status, 200, answer)
        self.assertIn("west-r", answer.header("proxy-status"))


class Waits(AuthorityCase):
    """Writes that wait in vain, or too many."""

    limits = {"held_writes": 2}
    timeouts = {"authority": "2s"}

    def test_what_waits_is_bounded_in_time_and_number(self):
        self.init()
        self.change("fence")
        self.follow()
        client = h2.Connection(self.edge.port)
        self.addCleanup(client.close)
        began = time.monotonic()
        streams = [client.request("POST", operation(f"note-{n}")) for n in range(3)]
        client.wait(lambda: sum(s.is_over for s in map(client.streams.get, streams)) >= 1,
                    "the third to be refused")
        self.assertLess(time.monotonic() - began, 1.5)
        for stream in streams:
            answer = client.finish(stream)
            self.assertEqual(answer.status, 503)
            self.assertIsNotNone(answer.header("retry-after"))
            self.assertIn("write-authority-moving", answer.header("proxy-status"))
        self.assertGreater(time.monotonic() - began, 1.5)
        self.assertEqual(self.primary.entries(), [])
        until(lambda: len([1 for d, o in self.decisions() if o]) >= 3, self.decisions)
        for decision, outcomes in self.decisions():
            self.assertEqual(decision["reason"], "write-authority-moving")
            self.assertEqual(len(outcomes), 1)

    def test_reads_leave_room_to_writes(self):
        self.leave_without_primary()
        client = h2.Connection(self.edge.port)
        self.addCleanup(client.close)
        first, second = [
            client.request("GET", "/fhir/DocumentReference/p1.notes") for _ in range(2)]
        self.assertEqual(client.finish(second).status, 503)
        write = client.request("POST", operation("note-1"))
        self.change("restore")
        self.primary.become("primary", 1)
        for stream in (write, first):
            self.assertEqual(client.finish(stream).status, 200)
        self.assertEqual(self.primary.entries(), [1])

    def test_a_client_that_leaves_is_forgotten_and_recorded(self):
        self.init()
        self.change("fence")
        self.follow()
        reply = self.write(1, within=0.5)
        self.assertEqual(reply.code, 28)
        until(lambda: [d for d, o in self.decisions() if o], self.decisions)
        self.change("restore")
        self.assertEqual(self.write(2).status, 200)
        self.assertEqual(self.primary.entries(), [2])

    def test_nobody_writes_without_an_authority(self):
        self.init()
        for change in ("orphan", "conflict"):
            self.change(change)
            self.follow()
            began = time.monotonic()
            self.assert_outcome(self.write(1), 503, "write-authority-stopped")
            self.assertLess(time.monotonic() - began, 1.0)
        self.change("fenced")
        self.change("promote", "--endpoint", "west-p")
        self.primary.become("primary", 2)
        self.change("activate")
        self.assertEqual(self.write(2).status, 200)
        self.assertEqual(self.primary.entries(), [2])

    def test_two_primaries_in_one_epoch_get_nothing(self):
        self.init()
        self.replica.become("primary", 1)
        until(lambda: self.write(1).status == 503, "the conflict to be seen")
        count = self.primary.count()
        for number in range(3):
            self.assertEqual(self.write(number).status, 503)
        self.assertEqual((self.primary.count(), self.replica.count()), (count, 0))


class Epochs(AuthorityCase):
    """What origins say about epochs."""

    def test_a_412_for_the_epoch_is_the_edges_own_business(self):
        """The primary was moved to a later epoch by somebody; without a record its word counts."""
        self.assertEqual(self.write(1).status, 200)
        self.assertEqual(self.primary.requests[-1].header("ehr-epoch"), "1")
        with self.primary.lock:
            self.primary.epoch = 5
        reply = self.write(2)
        self.assertEqual(reply.status, 200, reply)
        self.assertEqual(self.primary.entries(), [1, 2])
        posts = [r.header("ehr-epoch") for r in self.primary.requests if r.method == "POST"]
        self.assertEqual(posts[-1], "5")

    def test_a_client_cannot_say_an_epoch(self):
        reply = curl.fetch(self.edge, operation("note-1"), "--request", "POST",
                           "--header", "EHR-Epoch: 9")
        self.assertEqual(reply.status, 200, reply)
        self.assertEqual(self.primary.requests[-1].values("ehr-epoch"), ["1"])

    def test_an_old_primary_that_is_writable_gets_nothing(self):
        self.init()
        self.assertEqual(self.write(1).status, 200)
        self.change("fence")
        self.follow()
        self.change("fenced", "--position", 1)
        self.change("promote", "--endpoint", "west-r", "--position", 1)
        self.replica.become("primary", 2, [1])
        self.change("activate")
        until(lambda: self.write(2).status == 200, self.edge.log)
        count = len(self.primary.requests)
        for number in range(3, 10):
            self.assertEqual(self.write(number).status, 200)
            reply = curl.fetch(self.edge, "/fhir/DocumentReference/p1.notes")
            self.assertEqual(reply.json, self.replica.entries())
        self.assertEqual(len(self.primary.requests), count)
        self.assertEqual(self.primary.entries(), [1])
        # It comes back as a replica.
        self.primary.become("replica", 2, self.replica.entries())
        until(lambda: "west-p" in curl.fetch(
            self.edge, "/fhir/DocumentReference/p1.notes").header("proxy-status"), self.edge.log)


class Reloads(AuthorityCase):
    """Writes that wait while another configuration or policy comes into force."""

    timeouts = {"authority": "8s"}

    def waiting(self, numbers):
        """Writes that wait for an authority which is on its way; client and streams."""
        self.init()
        self.change("fence")
        self.follow()
        client = h2.Connection(self.edge.port)
        self.addCleanup(client.close)
        streams = [client.request("POST", operation(f"note-{n}", "p1")) for n in numbers]
        # One that is answered came behind the others.
        self.assertEqual(client.get("/fhir/DocumentReference/p1.notes").status, 200)
        self.assertFalse(any(client.streams[stream].is_over for stream in streams))
        return client, streams

    def reload(self):
        """SIGHUP; waits until another policy is in force."""
        count = self.edge.log().count("policy in force")
        self.edge.signal(signal.SIGHUP)
        until(lambda: self.edge.log().count("policy in force") > count, self.edge.log)

    def test_they_go_on_under_the_new_snapshot_in_their_order(self):
        client, streams = self.waiting(range(1, 21))
        text = self.edge.policy_file.read_text()
        self.edge.policy_file.write_text(text.replace("policy: transport", "policy: transport-next"))
        self.edge.timeouts["connect"] = "1100ms"
        self.edge.configure()
        self.reload()
        self.promote(self.primary, self.replica, 2)
        answers = [client.finish(stream, within=6) for stream in streams]
        self.assertEqual({answer.status for answer in answers}, {200}, answers[0].body)
        self.assertEqual(self.replica.entries(), list(range(1, 21)))
        self.assertEqual(self.primary.entries(), [])
        # They were judged by the policy in force, once.
        decisions = [d for d, _ in self.decisions() if d.get("operation") == "operation"]
        self.assertEqual({d["policy"].partition("@")[0] for d in decisions}, {"transport-next"})
        self.assertEqual(len(decisions), 20)

    def test_what_is_lawful_no_more_is_refused(self):
        client, streams = self.waiting([1])
        text = self.edge.policy_file.read_text()
        self.edge.policy_file.write_text(text.replace("routes:", """deny:
  - id: D-1
    say: Nobody writes any more
    when: { operation: [operation] }
routes:"""))
        self.reload()
        self.promote(self.primary, self.replica, 2)
        answer = client.finish(streams[0], within=6)
        self.assertEqual(answer.status, 403, answer.body)
        self.assertEqual(self.replica.entries() + self.primary.entries(), [])


class CrossRegion(AuthorityCase):
    """The writes of one region's data move to a server of another, where policy lets them."""

    policy = """\
policy: cross
version: 1
regions:
  west: { jurisdiction: US, backup: east }
  east: { jurisdiction: US, backup: west }
routes:
  - id: C-1
    say: Everything goes to whoever has the authority, at home or at its backup
    when: {}
    serve:
      - { region: home, tier: primary }
%s    audit: durable
"""
    backup = "      - { region: backup-of-home, tier: primary }\n"

    def make(self, number, **options):
        self.replica = Writable("east", "east-p", epoch=1, home="west")
        return super().make(number, **options)

    def regions(self):
        return {"west": [Endpoint(self.primary)], "east": [Endpoint(self.replica)]}

    def options(self):
        return {"policy": self.policy % self.backup}

    def test_writes_of_one_region_move_to_another(self):
        self.init()
        writer = Writer(self.edge)
        until(lambda: len(writer.results) > 20, "writes")
        self.switch()
        count = self.replica.count()
        until(lambda: self.replica.count() > count + 20, self.edge.log)
        results = writer.stop()
        self.assertEqual({status for _, status, *_ in results}, {200}, results[-1])
        self.assertEqual(self.replica.entries(), writer.acknowledged)
        outcomes = [o for _, outcomes in self.decisions() for o in outcomes]
        self.assertEqual(outcomes[-1]["region"], "east")
        # And back.
        self.switch(self.replica, self.primary, 3)
        until(lambda: self.write(900_001).status == 200, self.edge.log)
        self.assertEqual(self.primary.entries(), writer.acknowledged + [900_001])

    def test_policy_decides_where_they_may_go(self):
        self.edge.stop()
        self.backup = ""
        self.edge = self.make(1)
        self.init()
        self.assertEqual(self.write(1).status, 200)
        self.switch()
        self.assert_outcome(self.write(2), 503, "unavailable")
        self.assertEqual(self.replica.entries(), [1])


class Reports(AuthorityCase):
    """Edges that share a folder do not overwrite what the others say."""

    edge_count = 2

    def test_each_edge_has_a_report_of_its_own_and_status_joins_them(self):
        def names():
            return {path.name.partition(".")[0] for path in (self.folder / "reports").iterdir()
                    if path.suffix != ".new"}
        until(lambda: (self.folder / "reports").exists() and names() == {"edge-0", "edge-1"}, names)
        reports, edges = ({p.name for p in (self.folder / kind).iterdir() if p.suffix != ".new"}
                          for kind in ("reports", "edges"))
        self.assertEqual(reports, edges)

        def status():
            result = subprocess.run(
                [workshop.binary(), "region", "status", "--offline", "--json", "--config",
                 self.edge.configuration], capture_output=True, text=True, timeout=30)
            self.assertEqual(result.returncode, 0, result.stderr)
            return json.loads(result.stdout)

        def reaches():
            return [server["reach"] for server in status()["regions"][0]["servers"]]
        until(lambda: reaches() == ["healthy", "healthy"], reaches)
        # Both see that one is gone.
        self.replica.kill()
        until(lambda: reaches() == ["healthy", "down"], reaches)
        # What an edge saw that has ended, nobody sees any more.
        self.edges[1].stop()
        self.assertEqual(names(), {"edge-0"})


class Sessions(AuthorityCase):
    """Clients read what they wrote, and hear of what was lost."""

    timeouts = {"authority": "2s"}

    def configure(self, edge):
        self.key = edge.folder / "session.key"
        self.key.write_text("ab" * 32)
        self.key.chmod(0o600)
        edge.sessions = {"key": "session.key", "lifetime": "1m"}

    def read(self, token=None, patient="p1"):
        """The notes, read with a token."""
        field = () if token is None else ("--header", f"EHR-Session: {token}")
        return curl.fetch(self.edge, f"/fhir/DocumentReference/{patient}.notes", *field)

    def positions(self, name, count):
        """Waits until the edge's report knows a server's position."""
        def known():
            lines = reported(self.folder).splitlines()
            return any(l.startswith(f"{name}\t") and l.split("\t")[14] == str(count) for l in lines)
        until(known, lambda: reported(self.folder))

    def test_a_write_is_read_again_whatever_the_copy_has(self):
        self.init()
        self.assertEqual(self.read().json, [])
        self.assertIsNone(self.read().header("ehr-session"))
        for number in range(1, 6):
            reply = self.write(number)
            token = reply.header("ehr-session")
            self.assertRegex(token, r"^[A-Za-z0-9_-]{103}$")
            # The copy is behind, and says so only by its position.
            answer = self.read(token)
            self.assertEqual(answer.json, list(range(1, number + 1)))
            self.assertIn("west-p", answer.header("proxy-status"))
            # A client without a session may meet the copy.
            self.assertEqual(self.read().json, [])
        self.replica.become("replica", 1, self.primary.entries())
        self.positions("west-r", 5)
        answer = until(lambda: (lambda r: "west-r" in r.header("proxy-status") and r)(
            self.read(token)), self.edge.log)
        self.assertEqual(answer.json, [1, 2, 3, 4, 5])
        # What was read counts, too: no later read is older.
        self.assertIsNotNone(answer.header("ehr-session"))
        token = self.read("begin").header("ehr-session")
        self.assertIsNotNone(token)

    def test_tokens_that_are_none_are_taken_for_none(self):
        self.init()
        token = self.write(1).header("ehr-session")
        middle = len(token) // 2
        forged = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1:]
        other = self.write(2, patient="p2").header("ehr-session")
        self.assertEqual(self.read(other, patient="p2").json, [1, 2])
        for text in (forged, token[:-1], token + "A", "begin", "", "A" * 103, token[4:] + token[:4]):
            answer = self.read(text)
            self.assertEqual((answer.status, answer.json), (200, []), text)
        # A token of another patient asks for nothing.
        self.assertEqual(self.read(other).json, [])
        # No origin ever hears of it.
        for origin in (self.primary, self.replica):
            self.assertEqual({r.header("ehr-session") for r in origin.requests}, {None})

    def test_a_lost_tail_is_told(self):
        self.init()
        kept = self.write(1).header("ehr-session")
        lost = self.write(2).header("ehr-session")
        self.change("fence")
        self.follow()
        self.change("fenced")
        self.change("promote", "--endpoint", "west-r", "--position", 1)
        self.replica.become("primary", 2, [1])
        self.primary.become("replica", 1)
        self.change("activate")
        until(lambda: self.write(3).status == 200, self.edge.log)
        self.assertEqual(self.read(kept).json, [1, 3])
        self.assert_outcome(self.read(lost), 409, "lost-tail")
        reply = curl.fetch(self.edge, operation("note-4"), "--request", "POST",
                           "--header", f"EHR-Session: {lost}")
        self.assert_outcome(reply, 409, "lost-tail")
        self.assertEqual(self.replica.entries(), [1, 3])

    def test_without_a_primary_a_read_waits_for_the_copy_or_is_told(self):
        self.init()
        token = self.write(1).header("ehr-session")
        self.primary.kill()
        until(lambda: "west-p" in self.edge.endpoints("down"), self.edge.log)
        began = time.monotonic()
        self.assert_outcome(self.read(token), 503, "unavailable")
        self.assertLess(time.monotonic() - began, 1.0)
        self.assertEqual(self.read().status, 200)
        self.replica.become("replica", 1, [1])
        until(lambda: self.read(token).status == 200, self.edge.log)


class Stores(AuthorityCase):
    """A store that cannot be read."""

    def test_writes_stop_with_the_lease_and_reads_go_on(self):
        self.init()
        self.assertEqual(self.write(1).status, 200)
        away = self.folder.with_name("away")
        self.folder.rename(away)
        began = time.monotonic()
        until(lambda: self.write(2, within=1).status != 200, "writes to stop", within=9)
        self.assertGreater(time.monotonic() - began, 3.5)
        self.assertEqual(curl.fetch(self.edge, "/fhir/DocumentReference/p1.notes").status, 200)
        self.assertIn("is gone", self.edge.log())
        # An edge that starts now knows from its own copy that there are records.
        self.assertEqual(self.edge.stop(), 0)
        self.edge.start()
        self.assertEqual(curl.fetch(self.edge, "/fhir/DocumentReference/p1.notes").status, 200)
        count = self.primary.count()
        self.assertNotEqual(self.write(3, within=1).status, 200)
        self.assertEqual(self.primary.count(), count)
        away.rename(self.folder)
        until(lambda: self.write(4, within=2).status == 200, self.edge.log)
        # What waits when the store comes back is let go: nothing failed but the impatient.
        self.assertEqual(self.primary.entries()[-1], 4)


if __name__ == "__main__":
    unittest.main()
