"""The fault matrix as far as one edge can meet it; a test's number is the row's.

Rows 1 (a server dies), 7 and 3's wrong certificate are in
`test_failover`, `test_aborts` and `test_carriage`; row 36 takes minutes and is a unit test in
simulated time (`FlapTests`).
"""

import json
import signal
import subprocess
import time
import unittest

from harness import admin, curl, fhir, workshop
from harness.case import document, operation
from harness.edge import TLS, Edge, Endpoint
from harness.faults import H2Origin, Wire
from harness.h2 import Connection
from harness.origin import Origin
from harness.programs import Nginx
from harness.waiting import until

#: What a read of one document may take while another server is left: short, for speed.
HURRY = {"try_interactive": "200ms", "try_chart": "200ms", "connect_near": "250ms"}


class Faults(unittest.TestCase):
    """Edges of one region, made for each test."""

    def edge(self, *endpoints, **options):
        """A started edge with these endpoints."""
        edge = Edge({"west": list(endpoints)}, **({"loops": 1} | options))
        edge.start()
        self.addCleanup(self._end, edge)
        return edge

    def _end(self, edge):
        status = edge.stop()
        self.assertEqual(status, 0, edge.log()[-4000:])

    def pair(self):
        """A replica, which is asked first, and a primary."""
        self.replica = Origin("west", "west-2", "replica")
        self.primary = Origin("west", "west-1", "primary")
        return [Endpoint(self.replica, tier="replica"), Endpoint(self.primary)]

    def assert_served_by(self, edge, name, path=None, within=5.0):
        """One read is answered well by this server in time."""
        begun = time.monotonic()
        reply = curl.fetch(edge, path or document("bytes-10"))
        self.assertEqual(reply.status, 200, reply)
        self.assertIn(f'next-hop="{name}"', reply.header("proxy-status"))
        self.assertLess(time.monotonic() - begun, within)

    def write(self, edge, path=None):
        """A write's answer."""
        with Connection(edge.port) as client:
            # A body that is judged is held, so that it can be sent once more.
            kind = [("content-type", fhir.JSON)]
            body = fhir.scan("p1", 0)
            return client.finish(client.request("POST", path or operation("echo"), kind, body))


class Connecting(Faults):

    def test_row_02_a_silent_address_costs_a_connect_timeout(self):
        """The handshake never ends: the next server within the time for near ones, then DOWN."""
        replica, primary = Origin("west", "west-2", "replica"), Origin("west")
        wire = Wire(replica)
        edge = self.edge(Endpoint(wire, tier="replica"), Endpoint(primary), timeouts=HURRY,
                         health={"timeout": "1s"})
        self.assert_served_by(edge, "west-2")
        wire.mute()
        begun = time.monotonic()
        self.assert_served_by(edge, "west-1", within=3)
        until(lambda: "west-2" in edge.endpoints("down"), "the silent server to be missed")
        self.assertLess(time.monotonic() - begun, 6.5)
        wire.mend()
        until(lambda: "west-2" in edge.endpoints("healthy"), "the server to come back")
        self.assert_served_by(edge, "west-2")

    def test_row_03_a_stalled_tls_handshake_is_no_end(self):
        nginx, primary = Nginx("west"), Origin("west")
        self.addCleanup(nginx.kill)
        nginx.name = "west-1"
        # Its report says that it is the primary; what matters here is that it is asked first.
        wire = Wire(nginx)
        primary.name, primary.role = "west-2", "replica"
        edge = self.edge(
            Endpoint(wire, tls=TLS), Endpoint(primary, tier="replica"), timeouts=HURRY,
            health={"timeout": "1s"})
        wire.stall()
        self.assert_served_by(edge, "west-2")
        reply = curl.fetch(edge, operation("echo"), "-d", "x")
        # A write has the primary only: refused in time, and surely not carried out.
        self.assertEqual(reply.status, 503)
        until(lambda: "west-1" in edge.endpoints("down"), "the stalled server to be missed")


class Answers(Faults):

    def test_row_04_a_reset_before_the_head_moves_a_read_on(self):
        edge = self.edge(*self.pair())
        self.replica.instead = ("close",)
        self.assert_served_by(edge, "west-1")
        self.assertEqual(len(self.replica.seen("bytes-10")), 1)

    def test_row_05_a_reset_before_the_head_of_a_write_is_the_answer(self):
        edge = self.edge(*self.pair())
        self.primary.instead = ("close",)
        answer = self.write(edge)
        self.assertEqual(answer.status, 502)
        self.assertEqual(len(self.primary.seen("echo")), 1)

    def test_row_08_a_slow_first_byte_is_not_waited_for(self):
        edge = self.edge(*self.pair(), timeouts=HURRY)
        self.replica.instead = ("hang",)
        self.assert_served_by(edge, "west-1")
        # Slow is not dead, and the last one asked has all the time it needs.
        self.assertEqual(edge.endpoints("down") | edge.endpoints("suspect"), set())
        self.primary.instead = ("hang",)
        with Connection(edge.port) as client:
            stream = client.request("GET", document("delayed"))
            until(lambda: self.primary.seen("delayed"), "the last choice to be asked")
            time.sleep(0.5)
            client.poll()
            self.assertFalse(client.streams[stream].is_over)

    def test_row_08_writes_are_waited_for(self):
        edge = self.edge(*self.pair(), timeouts=HURRY)
        with Connection(edge.port) as client:
            stream = client.request("POST", operation("delayed"), [], b"once")
            until(lambda: self.primary.seen("delayed"), "the write to arrive")
            time.sleep(0.5)
            self.primary.release()
            self.assertEqual(client.finish(stream).status, 200)
        self.assertEqual(len(self.primary.seen("delayed")), 1)

    def test_row_09_a_stalled_body_ends_and_looks_incomplete(self):
        edge = self.edge(*self.pair(), timeouts={"origin_stall": "1s"})
        with Connection(edge.port) as client:
            stream = client.request("GET", document("gated-100-50"))
            self.replica.release()
            answer = client.finish(stream)
            self.assertEqual(len(answer.body), 50)
            self.assertIsNotNone(answer.reset)
        until(lambda: self.replica.under_way() == 0, "the origin to be told")
        self.assertEqual(self.primary.seen("gated"), [])

    def test_row_11_a_server_that_fails_is_ejected_and_proves_itself(self):
        edge = self.edge(*self.pair())
        self.replica.instead = ("status", 503)
        for _ in range(5):
            # The loop that saw it fail asks its peers first for a second.
            time.sleep(1.05)
            self.assert_served_by(edge, "west-1")
        until(lambda: "west-2" in edge.endpoints("ejected"), "the ejection")
        self.assertEqual(len(self.replica.requests), 5)
        # Probes succeed all the time; only requests let it back, after its time is over.
        self.replica.instead = None
        until(lambda: "west-2" in edge.endpoints("probing"), "its time to be over", within=15)
        self.replica.forget()

        def is_back():
            self.assertEqual(curl.fetch(edge, document("bytes-10")).status, 200)
            return "west-2" in edge.endpoints("healthy")

        until(is_back, "three requests to prove it")
        self.assertGreaterEqual(len(self.replica.requests), 3)

    def test_row_12_a_region_that_fails_keeps_its_last_server(self):
        edge = self.edge(*self.pair())
        self.replica.instead = self.primary.instead = ("status", 503)
        for _ in range(12):
            reply = curl.fetch(edge, document("bytes-10"))
            # The origin's own answer, not ours: somebody is still asked.
            self.assertEqual((reply.status, reply.body), (503, b"status"))
        until(lambda: "not_ejected=last-fresh" in edge.log(), "the log to say who is kept")
        self.assertLessEqual(len(edge.endpoints("ejected")), 1)

    def test_row_13_retry_after_is_honoured(self):
        edge = self.edge(*self.pair())
        for status in (429, 503):
            self.replica.forget()
            self.replica.instead = ("busy", status, 2)
            self.assert_served_by(edge, "west-1")
            self.assertEqual(len(self.replica.requests), 1)
            self.replica.instead = None
            for _ in range(5):
                self.assert_served_by(edge, "west-1")
            self.assertEqual(len(self.replica.requests), 1)
            until(lambda: "west-2" in curl.fetch(edge, document("bytes-10")).header("proxy-status"),
                  "its time to be over")
        self.assertEqual(edge.endpoints("ejected") | edge.endpoints("suspect"), set())

    def test_row_13_nothing_is_tried_again_when_most_are_overloaded(self):
        edge = self.edge(*self.pair())
        self.replica.instead = self.primary.instead = ("busy", 503, 2)
        reply = curl.fetch(edge, document("bytes-10"))
        self.assertEqual((reply.status, reply.header("retry-after")), (503, "2"))
        before = len(self.replica.requests) + len(self.primary.requests)
        for _ in range(5):
            self.assertEqual(curl.fetch(edge, document("bytes-10")).status, 503)
        after = len(self.replica.requests) + len(self.primary.requests)
        self.assertEqual(after - before, 5)


class Keyed(Origin):
    """Carries out once what comes with one key, and breaks its first answers off."""

    def __init__(self, *arguments):
        self.effects, self.broken = [], 0
        super().__init__(*arguments)

    def _do_keyed(self, connection, request, reader):
        self._receive(request, reader)
        key = request.header("idempotency-key")
        with self.lock:
            if key is None or key not in self.effects:
                self.effects.append(key)
            is_broken, self.broken = self.broken > 0, max(0, self.broken - 1)
        if is_broken:
            return False
        self._answer(connection, request, 200, key.encode() if key else b"no key")


class Keys(Faults):
    """Row 6: a write whose answer was lost is sent again to who carries it out once."""

    def make(self, **settings):
        """An edge before one primary that does so."""
        self.origin = Keyed("west", "west-1", "primary")
        self.replica = Origin("west", "west-2", "replica")
        return self.edge(Endpoint(self.origin, **settings), Endpoint(self.replica, tier="replica"))

    def send(self, edge, *keys, body=b"dose"):
        """A write with these keys; the status."""
        with Connection(edge.port) as client:
            fields = [("idempotency-key", key) for key in keys]
            return client.finish(client.request("POST", operation("keyed"), fields, body)).status

    def test_row_06_a_keyed_write_is_sent_again_to_the_same_server(self):
        edge = self.make(idempotency_keys="true")
        for broken in (1, 2):
            self.origin.broken = broken
            self.origin.forget()
            self.assertEqual(self.send(edge, f"order-{broken}"), 200)
            sent = self.origin.seen("keyed")
            self.assertEqual([r.header("idempotency-key") for r in sent],
                             [f"order-{broken}"] * (broken + 1))
            self.assertEqual({r.body_sha256 for r in sent}, {sent[0].body_sha256})
            self.assertEqual({r.body_count for r in sent}, {4})
        self.assertEqual(self.origin.effects, ["order-1", "order-2"])
        self.assertEqual(self.replica.seen("keyed"), [])
        records = map(json.loads, edge.audit_text().splitlines())
        self.assertEqual([r["attempts"] for r in records if r["kind"] == "outcome"], [2, 3])

    def test_row_06_it_is_bounded_and_then_nobody_knows(self):
        edge = self.make(idempotency_keys="true")
        self.origin.broken = 100
        self.assertEqual(self.send(edge, "order-1"), 502)
        self.assertEqual(len(self.origin.seen("keyed")), 3)
        self.assertEqual(self.origin.effects, ["order-1"])

    def test_row_06_a_server_that_is_gone_afterwards_proves_nothing(self):
        """The second attempt finds nobody: that the first one was carried out stays possible."""
        edge = self.make(idempotency_keys="true")
        self.origin.instead = ("delayed",)
        with Connection(edge.port) as client:
            stream = client.request(
                "POST", operation("keyed"), [("idempotency-key", "order-1")], b"dose")
            until(lambda: self.origin.seen("keyed"), "the write to arrive")
            self.origin.kill()
            self.assertEqual(client.finish(stream).status, 502)
        until(lambda: "west-1" in edge.endpoints("down"), "the primary to be missed")
        # This one was surely not carried out.
        self.assertEqual(self.send(edge, "order-2"), 503)

    def test_row_06_without_a_key_that_is_honoured_it_is_sent_once(self):
        for settings, keys in (({}, ["order-1"]), ({"idempotency_keys": "true"}, []),
                               ({"idempotency_keys": "true"}, ["one", "two"]),
                               ({"idempotency_keys": "true"}, ["long" * 64])):
            edge = self.make(**settings)
            self.origin.broken = 1
            self.assertEqual(self.send(edge, *keys), 502, (settings, keys))
            self.assertEqual(len(self.origin.seen("keyed")), 1)


class BlackHoles(Faults):
    """A copy takes requests and connections, and says nothing any more."""

    def test_row_02_nobody_waits_long_for_a_black_hole(self):
        origins = [Origin("west", "west-2", "replica"), Origin("west", "west-3", "replica"),
                   Origin("west", "west-1", "primary")]
        wire = Wire(origins[0])
        # What an edge does by itself.
        edge = self.edge(
            Endpoint(wire, tier="replica"), Endpoint(origins[1], tier="replica"),
            Endpoint(origins[2]), loops=2,
            timeouts={"try_alarm": "100ms", "try_interactive": "200ms", "try_chart": "800ms",
                      "connect": "1s", "connect_near": "250ms"},
            health={"interval": "400ms", "suspect_interval": "200ms", "timeout": "250ms",
                    "down_interval": "500ms"})
        paths = [document("bytes-10"), "/fhir/Observation/p1.bytes-10", "/fhir/Condition/p1.bytes-10"]
        took, begun, clients = {}, {}, []
        self.addCleanup(lambda: [client.close() for client in clients])
        clients += [Connection(edge.port) for _ in range(8)]
        start, count = time.monotonic(), 0
        swallowed_at = None
        while (now := time.monotonic()) < start + 5 or len(took) < count:
            self.assertLess(now, start + 20, "reads are never answered")
            if now > start + 1.5 and swallowed_at is None:
                wire.swallow()
                swallowed_at = now
            if now < start + 5 and count < (now - start) * 60:
                client = clients[count % len(clients)]
                stream = client.request("GET", paths[count % 3])
                begun[client, stream] = time.monotonic()
                count += 1
            for client in clients:
                client.poll()
            for (client, stream), moment in begun.items():
                answer = client.streams[stream]
                if answer.is_over and (client, stream) not in took:
                    took[client, stream] = time.monotonic() - moment
                    self.assertEqual(answer.status, 200, answer.body)
            time.sleep(0.002)
        self.assertIn("west-2", edge.endpoints("down"))
        longest = max(took.values())
        print(f"{count} reads, the longest {1000 * longest:.0f} ms")
        # The patience of the slowest class, and some for a machine that is busy.
        self.assertLess(longest, 1.3)


class Recovery(Faults):
    """Row 36: who was down comes back when an operator says so, where it is configured so."""

    def test_row_36_who_was_down_waits_until_an_operator_lets_it_in(self):
        self.pair()
        edge = self.edge(
            Endpoint(self.replica, tier="replica", recovery="operator"), Endpoint(self.primary),
            operators=True)
        self.assert_served_by(edge, "west-2")
        self.replica.kill()
        until(lambda: "west-2" in edge.endpoints("down"), "the fall")
        self.replica.start()
        until(lambda: "held_out" in edge.log(), "the wait")
        until(lambda: "west-2" in edge.endpoints("healthy"), "the probes to find it well")
        self.replica.forget()
        for _ in range(5):
            self.assert_served_by(edge, "west-1")
        # A reload changes nothing of that.
        edge.signal(signal.SIGHUP)
        until(lambda: edge.log().count("policy in force") > 1, edge.log)
        self.assert_served_by(edge, "west-1")
        self.assertEqual(self.replica.requests, [])
        until(lambda: "held-out" in self.region(edge, "status"),
              lambda: self.region(edge, "status"))
        self.region(edge, "force-in", "west", "--endpoint", "west-2", "--for", "1m", "--ticket",
                    "T-1", "--author", "Ana", "--reason", "mended")
        until(lambda: curl.fetch(edge, document("bytes-10")).header("proxy-status")
              .find("west-2") > 0, edge.log)

    def waits(self, edge):
        """An edge started again holds `west-2` out although that is well."""
        edge.start()
        until(lambda: "held-out" in self.region(edge, "status"),
              lambda: self.region(edge, "status"))
        self.replica.forget()
        for _ in range(5):
            self.assert_served_by(edge, "west-1")
        self.assertEqual(self.replica.requests, [])

    def let_in(self, edge):
        self.region(edge, "force-in", "west", "--endpoint", "west-2", "--for", "1m", "--ticket",
                    "T-1", "--author", "Ana", "--reason", "mended")
        until(lambda: curl.fetch(edge, document("bytes-10")).header("proxy-status")
              .find("west-2") > 0, edge.log)

    def test_row_36_a_restart_lets_nobody_in(self):
        self.pair()
        edge = self.edge(
            Endpoint(self.replica, tier="replica", recovery="operator"), Endpoint(self.primary),
            operators=True)
        marks = edge.folder / "operators" / "held-out" / "edge-test"
        self.replica.kill()
        until(lambda: marks.exists() and "west-2" in marks.read_text(), "the mark")
        # It comes back while no edge looks.
        edge.kill()
        self.replica.start()
        self.waits(edge)
        # What was marked is kept from one start to the next, and ends with the same act.
        self.assertEqual(edge.stop(), 0)
        self.waits(edge)
        self.let_in(edge)
        until(lambda: "west-2" not in marks.read_text(), "the mark to go")
        self.assertEqual(edge.stop(), 0)
        edge.start()
        until(lambda: curl.fetch(edge, document("bytes-10")).header("proxy-status")
              .find("west-2") > 0, edge.log)

    def test_row_36_damaged_marks_are_said_and_doubt_whoever_is_not_there(self):
        self.pair()
        edge = self.edge(
            Endpoint(self.replica, tier="replica", recovery="operator"), Endpoint(self.primary),
            operators=True)
        marks = edge.folder / "operators" / "held-out" / "edge-test"
        self.assertFalse(marks.exists())
        self.assertEqual(edge.stop(), 0)
        marks.parent.mkdir(parents=True, exist_ok=True)
        marks.write_text("homeward-held-out\nwest-3\n" + 64 * "0" + "\n")
        # Who is well is let in: a damaged file is no reason to stop a region.
        edge.start()
        self.assertIn("nobody knows who waits", edge.log())
        self.assert_served_by(edge, "west-2")
        until(lambda: "west-3" not in marks.read_text(), "the marks to be whole again")
        self.assertEqual(edge.stop(), 0)
        # Who is not there at the start waits.
        marks.write_text("nonsense")
        self.replica.kill()
        edge.start(healthy=False)
        self.assert_served_by(edge, "west-1")
        self.replica.start()
        until(lambda: "held-out" in self.region(edge, "status"),
              lambda: self.region(edge, "status"))
        self.assert_served_by(edge, "west-1")
        self.let_in(edge)

    def region(self, edge, *words):
        """What `homeward region` prints."""
        result = subprocess.run(
            [workshop.binary(), "region", *words, "--config", edge.configuration, "--offline"],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout


class Hedges(Faults):
    """Row 8 with two replicas: who is slower than usual is not waited for."""

    def replicas(self):
        """An edge with two replicas and a primary, which knows how fast they are."""
        self.origins = [Origin("west", f"west-{n}", "replica") for n in (2, 3)]
        self.primary = Origin("west", "west-1", "primary")
        edge = self.edge(
            *(Endpoint(origin, tier="replica") for origin in self.origins), Endpoint(self.primary))
        counts = curl.load(edge, document("bytes-10"), 600, 4)
        self.assertEqual(counts["2xx"], 600, counts)
        for origin in self.origins:
            self.assertGreater(len(origin.requests), 40, "both have a history")
            origin.forget()
        # On a busy machine some of the load was hedged too: only what comes now counts.
        until(lambda: len(self.outcomes(edge)) >= 600, "the load to be recorded")
        self.load_outcomes = self.outcomes(edge)
        return edge

    def outcomes(self, edge):
        """How each request ended, oldest first."""
        records = map(json.loads, edge.audit_text().splitlines())
        return [record for record in records if record["kind"] == "outcome"]

    def hedged(self, edge):
        """The outcomes of reads that were sent twice after the load."""
        after = self.outcomes(edge)[len(self.load_outcomes):]
        return [record for record in after if record.get("hedged")]

    def slow_down(self, edge):
        """The first server to be asked hangs from now on; the other one."""
        slow, well = self.origins
        slow.instead = ("hang",)
        begun = time.monotonic()
        while not slow.requests:
            reply = curl.fetch(edge, document("bytes-11"))
            self.assertEqual((reply.status, len(reply.body)), (200, 11), reply)
            self.assertLess(time.monotonic() - begun, 20, "never asked")
        return slow, well

    def test_row_08_a_slow_read_is_sent_to_another_replica(self):
        edge = self.replicas()
        begun = time.monotonic()
        slow, well = self.slow_down(edge)
        self.assertLess(time.monotonic() - begun, 8, "the attempt's own time is ten seconds")
        # The copy that lost is cancelled, and the record says what happened.
        until(lambda: slow.under_way() == 0, "the slow one to be told")
        until(lambda: self.hedged(edge), "the outcome to be recorded")
        outcome = self.hedged(edge)[-1]
        self.assertEqual((outcome["endpoint"], outcome["attempts"]), (well.name, 2))
        self.assertEqual(len(self.hedged(edge)), len(slow.requests))
        self.assertEqual(self.primary.requests, [])

    def test_row_08_writes_and_reads_without_a_peer_are_sent_once(self):
        edge = self.replicas()
        self.primary.instead = ("delayed",)
        with Connection(edge.port) as client:
            stream = client.request("POST", operation("echo"), [], b"once")
            until(lambda: self.primary.seen("echo"), "the write to arrive")
            time.sleep(0.3)
            self.primary.release()
            self.assertEqual(client.finish(stream).status, 200)
        self.assertEqual(len(self.primary.requests), 1)
        # With one replica left, the next step is the primary's: no peer, no second copy.
        self.origins[0].kill()
        until(lambda: self.origins[0].name in edge.endpoints("down"), "the replica to be missed")
        self.origins[1].instead = ("delayed",)
        with Connection(edge.port) as client:
            stream = client.request("GET", document("bytes-10"))
            until(lambda: self.origins[1].seen("bytes-10"), "the read to arrive")
            time.sleep(0.3)
            self.origins[1].release()
            self.assertEqual(client.finish(stream).status, 200)
        self.assertEqual(self.hedged(edge), [])

    def test_row_08_two_in_a_hundred_are_sent_twice_at_most(self):
        edge = self.replicas()
        for origin in self.origins:
            origin.instead = ("nap", 60)
        counts = curl.load(edge, document("bytes-10"), 400, 4)
        self.assertEqual(counts["2xx"], 400, counts)
        asked = sum(len(origin.requests) for origin in self.origins)
        self.assertGreater(asked, 400, "some are")
        self.assertLessEqual(asked, 400 + 20)


class HTTP2(Faults):

    def h2(self, script, **options):
        """An edge whose primary speaks HTTP/2 by this script."""
        self.origin = H2Origin("west", script=script)
        return self.edge(Endpoint(self.origin, protocol="http2"), **options)

    def test_row_14_what_goaway_left_out_is_sent_again(self):
        """Each connection serves two requests and leaves the third one out, whatever it is."""
        edge = self.h2(lambda index, count: "ok" if count < 2 else "leave")
        for _ in range(6):
            self.assertEqual(self.write(edge).status, 200)
            self.assertEqual(curl.fetch(edge, document("any")).status, 200)
        self.assertLessEqual(len(self.origin.requests), 20)

    def test_row_14_a_server_that_always_leaves_is_asked_four_times(self):
        edge = self.h2(lambda index, count: "leave")
        self.assertEqual(self.write(edge).status, 502)
        self.assertEqual(len(self.origin.seen("echo")), 4)

    def test_row_15_an_error_at_the_first_request_is_not_tried_again(self):
        edge = self.h2(lambda index, count: "expel")
        for index in range(3):
            self.assertEqual(self.write(edge).status, 502)
            self.assertEqual(len(self.origin.seen("echo")), index + 1)
        self.assertEqual(curl.fetch(edge, document("any")).status, 502)
        self.assertEqual(len(self.origin.seen("any")), 1)

    def test_row_10_a_connection_that_is_open_on_our_side_only_is_left(self):
        origin = H2Origin("west")
        wire = Wire(origin)
        edge = self.edge(
            Endpoint(wire, protocol="http2"), timeouts={"first_byte": "500ms"})
        self.assertEqual(curl.fetch(edge, document("any")).status, 200)
        wire.freeze()
        # The probes' connections are new ones: they see nothing of it.
        self.assertEqual(curl.fetch(edge, document("any")).status, 504)
        self.assertEqual(curl.fetch(edge, document("any")).status, 200)
        self.assertEqual(edge.endpoints("down"), set())

    def test_row_10_a_silent_peer_is_asked_and_left(self):
        """Long before the answer's own time is over, and only when it is really gone."""
        slow = H2Origin("west", script=lambda index, count: "hang")
        wire = Wire(slow)
        edge = self.edge(Endpoint(wire, protocol="http2"), timeouts={"first_byte": "60s"})
        with Connection(edge.port) as client:
            stream = client.request("GET", document("any"))
            until(lambda: slow.seen("any"), "the request to arrive")
            # It is slow, and answers PING: it is waited for.
            until(lambda: slow.pings, "a PING", within=20)
            client.poll()
            self.assertFalse(client.streams[stream].is_over)
            wire.freeze()
            slow.script = lambda index, count: "ok"
            self.assertEqual(client.finish(stream, within=30).status, 502)
        self.assertIn("answers no PING", edge.log())
        self.assertEqual(curl.fetch(edge, document("any")).status, 200)

    def test_row_16_a_refused_stream_is_sent_again_after_a_pause(self):
        edge = self.h2(lambda index, count: "refuse" if index < 3 else "ok")
        self.assertEqual(self.write(edge).status, 200)
        self.assertEqual(len(self.origin.seen("echo")), 4)

    def test_row_16_a_storm_of_refused_streams_stays_bounded(self):
        edge = self.h2(lambda index, count: "refuse")
        counts = curl.load(edge, document("any"), 1000, 4, 8)
        self.assertEqual(counts["5xx"], 1000, counts)
        # A fifth of the requests, and the floor of a hundred in ten seconds.
        self.assertLessEqual(len(self.origin.seen("any")), 1000 + 200 + 100 + 10)
        self.origin.script = lambda index, count: "ok"
        until(lambda: curl.fetch(edge, document("any")).status == 200, "the storm to be over")


class Storms(Faults):

    def test_row_37_retries_add_a_fifth_at_most(self):
        edge = self.edge(*self.pair())
        self.replica.instead = self.primary.instead = ("status", 502)
        counts = curl.load(edge, document("any"), 3000, 8, 4)
        self.assertEqual(counts["5xx"], 3000, counts)
        asked = len(self.replica.requests) + len(self.primary.requests)
        self.assertLessEqual(asked, 3000 + 600 + 100 + 10)

    def test_exports_leave_places_for_monitors(self):
        origin = Origin("west")
        edge = self.edge(Endpoint(origin, connections=8))
        with Connection(edge.port) as client:
            scans = [client.request("GET", "/fhir/ImagingStudy/p1.delayed") for _ in range(7)]
            for stream in scans[4:]:
                answer = client.finish(stream)
                self.assertEqual((answer.status, answer.header("retry-after")), (503, "5"))
                self.assertIn(b"class-limit-reached", answer.body)
                self.assertIn("connection_limit_reached", answer.header("proxy-status"))
            until(lambda: len(origin.seen("delayed")) == 4, "half of the places to be taken")
            vitals = client.get("/fhir/Observation/p1.bytes-10")
            self.assertEqual(vitals.status, 200)
            origin.release(4)
            for stream in scans[:4]:
                self.assertEqual(client.finish(stream).status, 200)
            self.assertEqual(client.get("/fhir/ImagingStudy/p1.bytes-10").status, 200)
        def refusals():
            records = map(json.loads, edge.audit_text().splitlines())
            return [r for r in records if r.get("proxyError") == "connection_limit_reached"]

        until(lambda: len(refusals()) == 3, "the refusals to be recorded")

    def test_a_burst_on_a_cold_edge_waits(self):
        origin = Origin("west")
        edge = self.edge(Endpoint(origin, connections=16))
        counts = curl.load(edge, document("bytes-10"), 512, 16, 32)
        self.assertEqual(counts["2xx"], 512, counts)

    def test_row_35_an_edge_that_is_cut_off_doubts_itself(self):
        origins = [Origin("west"), Origin("east"), Origin("north")]
        edge = Edge({o.region: [Endpoint(o)] for o in origins}, loops=1, admin=True)
        edge.start()
        self.addCleanup(self._end, edge)

        def readiness():
            answer = admin.ask(edge, "GET", "/v1/ready", token="auditor")
            return answer.status, answer.json.get("ready", answer.json.get("title"))
        self.assertEqual(readiness(), (200, True))
        for origin in origins[:2]:
            origin.kill()
        until(lambda: "more likely to be cut off" in edge.log(), "the edge to doubt itself")
        # Balancers hear of it.
        until(lambda: readiness() == (503, "self-doubt"), readiness)
        for origin in origins[:2]:
            origin.start()
        until(lambda: "most endpoints answer again" in edge.log(), "the doubt to end")
        until(lambda: readiness() == (200, True), readiness)
