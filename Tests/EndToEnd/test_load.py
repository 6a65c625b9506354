"""Ten thousand requests, and nothing left of them."""

from harness import content, curl
from harness.case import EdgeCase, document
from harness.edge import Edge, Endpoint
from harness.origin import Origin
from harness.programs import Nginx
from harness.waiting import until


class Load(EdgeCase):

    @classmethod
    def make(cls):
        cls.origin = Origin("west")
        nginx = Nginx("east", tls=False)
        cls.addClassCleanup(nginx.kill)
        return Edge({"west": [Endpoint(cls.origin, connections=4)], "east": [Endpoint(nginx)]},
                    timeouts={"origin_idle": "1s"}, limits={"origin_waiters": 2000}, loops=1)

    def test_ten_thousand_requests_over_a_hundred_connections(self):
        before = self.edge.descriptor_count()
        for streams in (1, 10):
            counts = curl.load(self.edge, document("bytes-1024", "p2"), 10_000, 100, streams)
            self.assertEqual(counts["2xx"], 10_000, counts)
            self.assertEqual(counts["succeeded"], 10_000, counts)
        after = self.edge.resident()
        until(lambda: self.edge.descriptor_count() <= before,
              lambda: f"{self.edge.descriptor_count()} descriptors, not {before}", within=15)
        counts = curl.load(self.edge, document("bytes-1024", "p2"), 10_000, 100, 10)
        self.assertEqual(counts["2xx"], 10_000, counts)
        self.assertLess(self.edge.resident() - after, 16 * content.MEGABYTE, "memory grows")

    def test_every_pool_slot_comes_back(self):
        """Four connections are allowed; after all that can go wrong, four requests run at once."""
        for _ in range(15):
            client = self.h2()
            streams = [client.request("GET", document(behaviour)) for behaviour in (
                "endless", "hang", "close", "torn-1000", "nonsense-0", "bytes-100000", "last")]
            client.wait(lambda: any(client.streams[s].is_over for s in streams), "an end")
            client.close()
        until(lambda: self.origin.under_way() == 0, "the aborted requests to end")
        self.origin.forget()
        client = self.h2()
        streams = [client.request("GET", document("delayed")) for _ in range(6)]
        until(lambda: len(self.origin.seen("delayed")) == 4, "four requests at once")
        self.origin.release(6)
        for stream in streams:
            self.assertEqual(client.finish(stream).status, 200)
        self.assertEqual(len(self.origin.seen("delayed")), 6)

    def test_a_hundred_streams_on_one_connection(self):
        client = self.h2()
        streams = [client.request("GET", document(f"bytes-{1000 + i}")) for i in range(100)]
        for index, stream in enumerate(streams):
            answer = client.finish(stream, within=30)
            self.assertEqual((answer.status, len(answer.body)), (200, 1000 + index))
