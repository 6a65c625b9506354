"""What happens at the same time: changes during a fetch, many who ask at once, floods."""


from harness.cachecase import CacheCase
from harness.cachetable import answer, good
from harness.script import Reply
from harness.waiting import until

P60 = "Cache-Control: public, max-age=60"
VITALS = "/fhir/Observation?patient={patient}&category=vital-signs&_id={name}"


class Races(CacheCase):

    def begin(self, path, who="nurse", *fields, method="GET", body=None, client=None):
        """A request that is under way: a function that waits for its answer."""
        client = client or self.h2()
        stream = client.request(method, path, [*self.fields[who], *fields], body)
        return lambda: client.finish(stream)

    def write(self, path, method="PUT", who="nurse", body=b'{"resourceType":"ValueSet"}'):
        """A change, to the end."""
        return self.get(path, who, ("content-type", "application/fhir+json"), method=method,
                        body=body)

    def until_asked(self, name, count):
        """Waits for so many requests at the origin."""
        until(lambda: len(self.origin.asked(name)) >= count,
              lambda: f"{len(self.origin.asked(name))} of {count} requests for {name}")

    def test_a_change_during_a_fetch_leaves_nothing_old(self):
        for part in ("is_held", "is_body_held"):
            for _ in range(10):
                name = self.name()
                path = f"/fhir/ValueSet/{name}"
                self.origin.expect(name, Reply(200, (P60,), body=b"old", **{part: True}),
                                   answer(status=200, body=b"changed"))
                finish = self.begin(path)
                self.until_asked(name, 1)
                self.assertEqual(self.write(path).status, 200)
                self.origin.release()
                self.assertEqual(bytes(finish().body), b"old")
                self.origin.expect(name, good(body=b"new"))
                self.assertEqual(bytes(self.get(path).body), b"new")
                self.assert_hit(self.get(path))

    def test_a_fetch_during_a_change_is_not_kept(self):
        """The origin reads the old version while it is asked for a change."""
        for _ in range(10):
            name = self.name()
            path = f"/fhir/ValueSet/{name}"
            self.origin.expect(name, Reply(200, body=b"changed", is_held=True), good(body=b"old"))
            finish = self.begin(path, "nurse", ("content-type", "application/fhir+json"),
                                method="PUT", body=b'{"resourceType":"ValueSet"}')
            self.until_asked(name, 1)
            self.assertEqual(bytes(self.get(path).body), b"old")
            self.origin.release()
            self.assertEqual(finish().status, 200)
            self.origin.expect(name, good(body=b"new"))
            self.assertEqual(bytes(self.get(path).body), b"new")

    def test_a_change_while_a_stored_answer_is_validated(self):
        name = self.name()
        path = f"/fhir/ValueSet/{name}"
        self.origin.expect(name, good("Age: 90", 'ETag: "a"', body=b"old"))
        self.get(path)
        self.origin.expect(name, Reply(304, (P60, 'ETag: "a"'), is_held=True),
                           answer(body=b"changed"), good('ETag: "b"', body=b"new"))
        finish = self.begin(path)
        self.until_asked(name, 2)
        self.write(path)
        self.origin.release()
        # The 304 was about what is no more: asked again, and the answer is for him alone.
        self.assertEqual(bytes(finish().body), b"new")
        self.origin.expect(name, good('ETag: "b"', body=b"newer"))
        self.assertEqual(bytes(self.get(path).body), b"newer")

    def test_a_write_is_never_followed_by_an_older_read_on_any_loop(self):
        """Many connections, so that all loops take part."""
        clients = [self.h2() for _ in range(8)]
        for turn in range(40):
            name = self.name()
            path = f"/fhir/ValueSet/{name}"
            self.origin.expect(name, good(body=b"old"))
            for client in clients:
                self.assertEqual(bytes(self.get(path, client=client).body), b"old")
            self.origin.expect(name, answer(body=b"changed"), good(body=b"new"))
            found = self.get(path, "nurse", ("content-type", "application/fhir+json"),
                             method="PUT", body=b'{"resourceType":"ValueSet"}',
                             client=clients[turn % 8])
            self.assertEqual(bytes(found.body), b"changed")
            for client in clients:
                self.assertEqual(bytes(self.get(path, client=client).body), b"new")

    def test_patients_and_consents_end_what_is_kept_of_them(self):
        for method, path, body in (
                ("PUT", "/fhir/Observation/p1.x{name}",
                 b'{"resourceType":"Observation","subject":{"reference":"Patient/p1"}}'),
                ("DELETE", "/fhir/Condition/p1.x{name}", None),
                ("PUT", "/fhir/Consent/p1.x{name}",
                 b'{"resourceType":"Consent","patient":{"reference":"Patient/p1"}}'),
                ("PUT", "/fhir/Patient/p1?x={name}", b'{"resourceType":"Patient","id":"p1"}')):
            with self.subTest(method=method, path=path):
                name, change = self.name(), self.name()
                kept = VITALS.format(name=name, patient="p1")
                self.origin.expect(name, good())
                self.get(kept, "doctor")
                self.assert_hit(self.get(kept, "doctor"))
                self.origin.expect(change, answer())
                path = path.format(name=change)
                self.assertEqual(self.write(path, method, "doctor", body).status, 200)
                self.origin.expect(name, good())
                self.assert_forwarded(self.get(kept, "doctor"))

    def test_another_patients_change_ends_nothing(self):
        name, change = self.name(), self.name()
        kept = VITALS.format(name=name, patient="p1")
        self.origin.expect(name, good())
        self.get(kept, "doctor")
        self.origin.expect(change, answer())
        self.write(f"/fhir/Condition/p4.x{change}", "PUT", "doctor",
                   b'{"resourceType":"Condition","subject":{"reference":"Patient/p4"}}')
        self.assert_hit(self.get(kept, "doctor"))

    # Many at once.

    def test_those_who_ask_at_once_ask_once(self):
        for framing in ("length", "chunked"):
            name = self.name()
            path = f"/fhir/ValueSet/{name}"
            self.origin.expect(name, Reply(200, (P60,), is_held=True, framing=framing))
            finishes = [self.begin(path) for _ in range(20)]
            self.until_asked(name, 1)
            self.origin.release()
            bodies = {bytes(finish().body) for finish in finishes}
            self.assertEqual(len(bodies), 1)
            self.assertEqual(len(self.origin.asked(name)), 1)

    def test_those_of_another_authorisation_do_not_wait_for_each_other(self):
        for first, second in (("nurse", "southern"), ("nurse", "doctor"), ("nurse", "biller")):
            name = self.name()
            path = f"/fhir/Slot/{name}"
            self.origin.expect(name, Reply(200, (P60,), body=b"the first's", is_held=True),
                               Reply(200, (P60,), body=b"the second's"))
            finish = self.begin(path, first)
            self.until_asked(name, 1)
            self.assertEqual(bytes(self.get(path, second).body), b"the second's")
            self.origin.release()
            self.assertEqual(bytes(finish().body), b"the first's")

    def test_an_answer_that_is_for_one_makes_nobody_wait_longer(self):
        name = self.name()
        path = f"/fhir/ValueSet/{name}"
        reply = Reply(200, ("Cache-Control: no-store",), is_held=True)
        self.origin.expect(name, *[reply] * 20)
        finishes = [self.begin(path) for _ in range(20)]
        self.until_asked(name, 1)
        self.origin.release()
        # All others ask at once, not one after the other.
        self.until_asked(name, 20)
        self.origin.release(20)
        bodies = {bytes(finish().body) for finish in finishes}
        self.assertEqual(len(bodies), 20)
        # And from now on nobody waits at all.
        self.origin.expect(name, *[reply] * 5)
        finishes = [self.begin(path) for _ in range(5)]
        self.until_asked(name, 25)
        self.origin.release(5)
        for finish in finishes:
            self.assertEqual(finish().status, 200)

    def test_who_gives_up_leaves_the_others_an_answer(self):
        name = self.name()
        path = f"/fhir/ValueSet/{name}"
        self.origin.expect(name, Reply(200, (P60,), is_held=True),
                           Reply(200, (P60,), body=b"for the others"))
        first = self.h2()
        first.request("GET", path, self.fields["nurse"])
        self.until_asked(name, 1)
        finishes = [self.begin(path) for _ in range(5)]
        first.close()
        for finish in finishes:
            self.assertEqual(bytes(finish().body), b"for the others")

    def test_an_origin_that_fails_fails_each_by_himself(self):
        name = self.name()
        path = f"/fhir/ValueSet/{name}"
        self.origin.expect(name, Reply(200, (P60,), is_held=True, framing="short"),
                           *[Reply(200, (P60,), body=b"whole")] * 5)
        finishes = [self.begin(path)]
        self.until_asked(name, 1)
        finishes += [self.begin(path) for _ in range(5)]
        self.origin.release()
        finishes[0]()
        for finish in finishes[1:]:
            self.assertEqual(bytes(finish().body), b"whole")

    def test_one_refresh_for_all(self):
        name = self.name()
        path = f"/fhir/Slot/{name}"
        self.origin.expect(name, good("Age: 90", body=b"stale"))
        self.get(path)
        self.origin.expect(name, Reply(200, (P60,), body=b"new", is_held=True))
        finish = self.begin(path)
        self.until_asked(name, 2)
        for _ in range(50):
            self.assertEqual(bytes(self.get(path).body), b"stale")
        self.assertEqual(len(self.origin.asked(name)), 2)
        self.origin.release()
        self.assertEqual(bytes(finish().body), b"new")
        self.assertEqual(bytes(self.get(path).body), b"new")

    def test_clients_that_read_slowly_get_what_they_began_with(self):
        """A stored answer is ended while it is being sent."""
        name = self.name()
        path = f"/fhir/ValueSet/{name}"
        self.origin.expect(name, good(body=b"o" * 1_000_000))
        self.get(path)
        slow = self.h2(window=1000)
        stream = slow.request("GET", path, self.fields["nurse"])
        slow.streams[stream].reads = False
        slow.wait(lambda: slow.streams[stream].received_count >= 1000, "the first bytes")
        self.origin.expect(name, answer())
        self.write(path)
        slow.streams[stream].reads = True
        slow.allow(stream, 2_000_000)
        found = slow.finish(stream)
        self.assertEqual(bytes(found.body), b"o" * 1_000_000)


class Floods(CacheCase):
    """A store of eight megabytes."""

    @classmethod
    def cache(cls):
        return super().cache() | {"size": "8MiB", "body_size": "1MiB"}

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
        # Sixty megabytes went through; eight may stay, and what is being carried.
        self.assertLess(self.edge.resident(peak=True) - before, 40 << 20)
        self.assertGreater(hits / 400, 0.95)

    def test_what_is_larger_than_the_bound_is_passed_on(self):
        name = self.name()
        self.origin.expect(name, good(body=b"x" * 2_000_000), good(body=b"x" * 2_000_000))
        for _ in range(2):
            found = self.get(f"/fhir/ValueSet/{name}")
            self.assertEqual(len(found.body), 2_000_000)
            self.assertEqual(self.status(found).get("detail"), "too-large")


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
