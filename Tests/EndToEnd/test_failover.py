"""Dead connections, dead servers: what is safe is tried again, what is not is said."""

import unittest

from harness import curl, fhir, policies
from harness.case import EdgeCase, document, operation
from harness.edge import Edge, Endpoint
from harness.origin import Origin
from harness.programs import Process
from harness.waiting import until

REGIONS = ("us-west", "us-central", "us-east")


class Retries(EdgeCase):
    """One loop and one connection, so that the second request meets the first one's connection."""

    @classmethod
    def make(cls):
        cls.origin = Origin("west")
        return Edge({"west": [Endpoint(cls.origin, connections=1)]}, loops=1)

    def warm(self, client):
        """Leaves a used connection in the pool."""
        self.assertEqual(client.get(document("bytes-10")).status, 200)
        self.origin.forget()

    def test_a_read_on_a_dead_pooled_connection_is_sent_again(self):
        client = self.h2()
        self.warm(client)
        answer = client.get(document("stale"))
        self.assertEqual((answer.status, bytes(answer.body)), (200, b"fresh"))
        self.assertEqual([r.index > 0 for r in self.origin.seen("stale")], [True, False])

    def test_a_write_on_a_dead_pooled_connection_is_sent_once(self):
        for method, path in (("POST", operation("stale")), ("PUT", document("stale")),
                             ("DELETE", document("stale"))):
            with self.subTest(method=method):
                client = self.h2()
                self.warm(client)
                body = None if method == "DELETE" else fhir.scan("p1", 0)
                kind = () if body is None else [("content-type", fhir.JSON)]
                answer = client.finish(client.request(method, path, kind, body=body))
                seen = self.origin.seen("stale")
                self.assertEqual(len(seen), 1)
                self.assertEqual(answer.status, 502 if seen[0].index else 200)

    def test_connections_that_the_origin_closed_are_not_used(self):
        client = self.h2()
        for _ in range(10):
            self.warm(client)
            self.origin.close_connections()
            until(lambda: self.origin.connection_count() == 0, "the connections to end")
            answer = client.finish(client.request("POST", operation("stale"), body=b"once"))
            self.assertEqual(len(self.origin.seen("stale")), 1)
            self.assertEqual(answer.status, 200)

    def test_a_read_that_is_cut_on_a_new_connection_ends(self):
        self.assert_outcome(self.fetch(document("close")), 502, "origin-reset")
        self.assertLessEqual(len(self.origin.seen("close")), 4)


class Failover(unittest.TestCase):
    """A region whose servers die one after another while clients read."""

    def setUp(self):
        self.primary = Process("west", "west-1", "primary")
        self.replicas = [Process("west", f"west-{i}", "replica") for i in (2, 3)]
        for process in (self.primary, *self.replicas):
            self.addCleanup(process.kill)
        self.edge = Edge(
            {"west": [Endpoint(self.primary),
                      *(Endpoint(replica, tier="replica") for replica in self.replicas)]},
            timeouts={"first_byte": "500ms"}, health={"timeout": "250ms"})
        self.edge.start()
        self.addCleanup(self.edge.kill)

    def tearDown(self):
        self.assertEqual(self.edge.stop(), 0, self.edge.log()[-4000:])

    def assert_no_failure(self, load, path):
        """Every request of the load was answered with 200."""
        counts = load.finish()
        self.assertEqual(counts["2xx"], counts["total"], "\n".join(load.lines[-12:]))
        self.assertEqual(counts["succeeded"], counts["total"])

    def test_a_killed_replica_then_a_killed_primary_fail_no_read(self):
        path = document("bytes-500")
        load = curl.Load(self.edge, path, requests=6000, clients=8, streams=2)
        load.wait_progress(20)
        self.replicas[0].kill()
        load.wait_progress(60)
        self.primary.kill()
        self.assert_no_failure(load, path)
        until(lambda: self.edge.endpoints("down") == {"west-1", "west-2"}, "the dead to be missed")
        self.assertEqual(self.edge.endpoints("healthy"), {"west-3"})

    def test_killed_replicas_leave_the_reads_to_the_primary(self):
        path = document("bytes-500")
        load = curl.Load(self.edge, path, requests=6000, clients=8, streams=2)
        load.wait_progress(20)
        self.replicas[0].kill()
        load.wait_progress(50)
        self.replicas[1].kill()
        self.assert_no_failure(load, path)
        reply = curl.fetch(self.edge, path)
        self.assertIn('next-hop="west-1"', reply.header("proxy-status"))
        self.assertIn("source=primary", reply.header("ehr-freshness"))

    def test_a_frozen_replica_fails_no_read(self):
        path = document("bytes-500")
        load = curl.Load(self.edge, path, requests=4000, clients=4)
        load.wait_progress(20)
        self.replicas[0].freeze()
        self.assert_no_failure(load, path)
        until(lambda: "west-2" in self.edge.endpoints("down"), "the frozen replica to be noticed")
        self.replicas[0].thaw()
        until(lambda: "west-2" in self.edge.endpoints("healthy"), "the replica to come back")

    def test_without_any_server_the_answer_says_so_and_recovers(self):
        for process in (self.primary, *self.replicas):
            process.freeze()
        until(lambda: len(self.edge.endpoints("down")) == 3, "all endpoints to be down")
        reply = curl.fetch(self.edge, document("bytes-10"))
        self.assertEqual(reply.status, 503)
        self.assertEqual(reply.json["issue"][0]["details"]["coding"][0]["code"], "unavailable")
        self.assertEqual(reply.header("retry-after"), "2")
        self.assertIn("error=destination_unavailable", reply.header("proxy-status"))
        for process in (self.primary, *self.replicas):
            process.thaw()
        until(lambda: len(self.edge.endpoints("healthy")) == 3, "all endpoints to be back")
        self.assertEqual(curl.fetch(self.edge, document("bytes-10")).status, 200)

    def test_writes_wait_for_the_primary(self):
        self.primary.kill()
        until(lambda: "west-1" in self.edge.endpoints("down"), "the primary to be missed")
        reply = curl.fetch(self.edge, operation("echo"), "-d", "x")
        self.assertEqual(reply.status, 503)
        self.assertEqual(curl.fetch(self.edge, document("bytes-10")).status, 200)


class ShippedFailover(unittest.TestCase):
    """The shipped policy: chart reads go on in the home region, then in its backup, marked."""

    def test_reads_survive_the_home_region(self):
        origins = {
            f"{region}-{i}": Origin(
                region, f"{region}-{i}", "primary" if i == 1 else "replica", REGIONS)
            for region in REGIONS for i in (1, 2)}
        edge = Edge(
            {region: [Endpoint(origins[f"{region}-1"]),
                      Endpoint(origins[f"{region}-2"], tier="replica")]
             for region in REGIONS},
            policy=policies.shipped(), patients=["p1001,us-west,US-AZ,granted,"], location=True)
        edge.start()
        self.addCleanup(edge.kill)
        vitals = "/fhir/Observation?patient=p1001&category=vital-signs"

        def served():
            reply = curl.fetch(edge, vitals)
            self.assertIn(reply.status, (200, 404), reply)
            return reply.header("ehr-region"), reply.header("ehr-freshness")

        region, freshness = served()
        self.assertEqual(region, "us-west")
        self.assertIn("source=replica", freshness)
        origins["us-west-2"].kill()
        region, freshness = served()
        self.assertEqual((region, freshness), ("us-west", "source=primary"))
        origins["us-west-1"].kill()
        region, freshness = served()
        self.assertEqual(region, "us-central")
        self.assertIn("stale", freshness)
        self.assertEqual(edge.stop(), 0)
