"""More than the cache may hold, and policies that change what it holds."""

from harness.cachecase import CacheCase
from harness.cachetable import good
from harness.waiting import until


class Floods(CacheCase):
    """A store of sixteen megabytes."""

    @classmethod
    def cache(cls):
        return super().cache() | {"size": "16MiB", "body_size": "256KiB"}

    def test_a_flood_is_bounded_in_memory_and_leaves_what_is_used(self):
        hot = [self.name() for _ in range(20)]
        for name in hot:
            self.origin.expect(name, good(body=b"hot"))
            for _ in range(4):
                self.get(f"/fhir/ValueSet/{name}")
        self.edge.forget_peak()
        before = self.edge.resident()
        flood = self.name()
        with self.origin.lock:
            self.origin.scripts[flood] = [good(body=b"f" * 60_000)] * 1000
        hits = 0
        for turn in range(1000):
            self.get(f"/fhir/ValueSet/{flood}?_k={turn}")
            if turn % 50 == 0:
                for name in hot:
                    with self.origin.lock:
                        self.origin.scripts[name] = [good(body=b"hot")]
                    found = self.get(f"/fhir/ValueSet/{name}")
                    hits += "hit" in self.status(found)
        # Sixty megabytes went through; sixteen may stay, and what is being carried.
        self.assertLess(self.edge.resident(peak=True) - before, 40 << 20)
        self.assertGreater(hits / 400, 0.95)

    def test_what_is_larger_than_the_bound_is_passed_on(self):
        name = self.name()
        self.origin.expect(name, good(body=b"x" * 2_000_000), good(body=b"x" * 2_000_000))
        for _ in range(2):
            found = self.get(f"/fhir/ValueSet/{name}")
            self.assertEqual(len(found.body), 2_000_000)
            self.assertEqual(self.status(found).get("detail"), "too-large")


class Large(CacheCase):
    """Large answers, and clients that ask for them and read nothing."""

    def test_who_reads_nothing_costs_a_few_parts(self):
        name = self.name()
        path = f"/fhir/ValueSet/{name}"
        self.origin.expect(name, good('ETag: "v"', body=bytes(range(256)) * 16_000))
        for check in (self.assert_forwarded, self.assert_hit):
            # With a window for all of it: a flood of updates would end the connection.
            client = self.h2(window=1 << 24, connection_window=1 << 26)
            stream = client.request("GET", path, self.fields["nurse"])
            client.streams[stream].reads = False
            check(client.finish(stream))
        before = self.edge.resident()
        slow = self.h2(window=0)
        streams = [slow.request("GET", path, self.fields["nurse"]) for _ in range(40)]
        slow.wait(lambda: all(slow.streams[stream].status for stream in streams), "the heads")
        # 40 streams of 4 MB: each holds what its queue takes, and no more.
        self.assertLess(self.edge.resident() - before, 40 << 20)


class Policies(CacheCase):
    """A policy that changes while the edge runs."""

    def activate(self, text):
        """Puts a policy in the place of the old one and waits until it is in force."""
        self.edge.policy_file.write_text(text)
        loaded = self.edge.log().count("policy in force")
        self.edge.signal(1)
        until(lambda: self.edge.log().count("policy in force") > loaded,
              lambda: self.edge.log()[-2000:])

    def test_a_policy_that_forbids_storing_ends_what_is_stored(self):
        text = self.edge.policy_file.read_text()
        name = self.name()
        path = f"/fhir/ValueSet/{name}"
        self.origin.expect(name, good(body=b"1"))
        self.get(path)
        self.assert_hit(self.get(path))
        for change in (("ttl: 1h", "ttl: 30m"), ("key: [tenant, region]", "key: [tenant, role]"),
                       ("seal: tenant", "seal: region")):
            with self.subTest(change[1]):
                self.activate(text.replace(*change, 1))
                self.origin.expect(name, good(body=b"2"))

                def is_new():
                    return bytes(self.get(path).body) == b"2"
                until(is_new, "the policy in force")
                self.assert_hit(self.get(path))
                self.activate(text)
                self.origin.expect(name, good(body=b"1"))
                until(lambda: bytes(self.get(path).body) == b"1", "the policy of before")
