"""What happens at the same time: changes during a fetch, many who ask at once, floods."""

import random
import threading

from harness import content, h2
from harness.cachecase import CacheCase
from harness.cachetable import answer, good
from harness.script import Reply, ScriptedOrigin
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
        for _ in range(50):
            self.assertEqual(bytes(self.get(path).body), b"stale")
        self.until_asked(name, 2)
        self.origin.release()
        until(lambda: bytes(self.get(path).body) == b"new", "the new answer is there")
        self.assertEqual(len(self.origin.asked(name)), 2)

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


    def test_a_slow_client_does_not_hold_the_others_for_long(self):
        """Whoever fetches for all reads nothing; those who wait lose patience."""
        name = self.name()
        path = f"/fhir/ValueSet/{name}"
        self.origin.expect(name, good(body=b"s" * 4_000_000), good(body=b"whole"))
        slow = self.h2(window=1000, connection_window=65535)
        stream = slow.request("GET", path, self.fields["nurse"])
        slow.streams[stream].reads = False
        slow.wait(lambda: slow.streams[stream].received_count >= 1000, "the first bytes")
        client = self.h2()
        found = client.finish(client.request("GET", path, self.fields["nurse"]), within=8)
        self.assertEqual(bytes(found.body), b"whole")

    def test_parts_of_large_answers(self):
        """What is stored is sealed in pieces; a range may begin and end in any of them."""
        name = self.name()
        path = f"/fhir/ValueSet/{name}"
        whole = content.body(300_000)
        self.origin.expect(name, good(body=whole))
        self.get(path)
        chance = random.Random(7)
        edges = [0, 1, 65_535, 65_536, 65_537, 131_071, 131_072, 299_999]
        for turn in range(60):
            first, last = sorted(chance.choice(edges) if turn % 2 else chance.randrange(300_000)
                                 for _ in range(2))
            client = self.client if turn % 3 else self.h1()
            found = self.get(path, "nurse", ("range", f"bytes={first}-{last}"), client=client)
            self.assertEqual(found.status, 206)
            self.assertEqual(found.header("content-range"), f"bytes {first}-{last}/300000")
            self.assertEqual(bytes(found.body), whole[first:last + 1], (first, last))
        self.assertEqual(len(self.origin.asked(name)), 1)


class VersionedOrigin(ScriptedOrigin):
    """One resource whose version each change raises; reads look it up early and answer late."""

    version = 0

    def _behaviour(self, request):
        with self.lock:
            if request.method == "PUT":
                self.version += 1
            version = self.version
        # What is read now arrives after other requests have come and gone.
        threading.Event().wait((request.index * 7 + version) % 5 / 1000)
        lines = (P60, f'ETag: W/"{version}"')
        return self._play, [Reply(200, lines), b"%d" % version]


class Histories(CacheCase):
    """Readers and writers on many connections: who reads behind a change sees it."""

    @classmethod
    def make(cls):
        edge = super().make()
        origin = VersionedOrigin("west", homes=("east",))
        edge.regions["west"][0].origin = cls.origin = origin
        edge.configure()
        return edge

    def test_no_read_is_older_than_a_change_that_was_answered_before(self):
        path = f"/fhir/ValueSet/{self.name()}"
        state = {"known": 0, "reads": 0, "hits": 0, "faults": []}
        done = threading.Event()

        def read(number):
            with h2.Connection(self.edge.port) as client:
                fields = list(self.fields["nurse"])
                if number % 2:
                    fields.append(("cache-control", "max-age=5"))
                while not done.is_set():
                    known = state["known"]
                    found = client.finish(client.request("GET", path, fields))
                    if found.status != 200 or int(found.body) < known:
                        state["faults"].append((known, found.status, bytes(found.body)))
                        return
                    state["reads"] += 1
                    state["hits"] += "; hit" in found.header("cache-status")

        readers = [threading.Thread(target=read, args=(number,)) for number in range(6)]
        for reader in readers:
            reader.start()
        try:
            for _ in range(150):
                found = self.get(path, "nurse", ("content-type", "application/fhir+json"),
                                 method="PUT", body=b'{"resourceType":"ValueSet"}')
                self.assertEqual(found.status, 200)
                state["known"] = int(found.body)
        finally:
            done.set()
            for reader in readers:
                reader.join()
        self.assertEqual(state["faults"], [])
        self.assertGreater(state["reads"], 150)
        self.assertGreater(state["hits"], 20, "nothing was kept meanwhile")
