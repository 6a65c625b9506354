"""Copies that lag behind a change, another authority, and a wall clock that jumps."""

import json
import unittest

from harness import cachecase, cachepolicy, clock, tokens
from harness.cachecase import CacheCase
from harness.cachetable import answer, good
from harness.edge import Edge, Endpoint
from harness.script import ScriptedOrigin
from harness.waiting import until

DAY = 86_400


class ReportingOrigin(ScriptedOrigin):
    """An origin that says of which epoch it is."""

    epoch, probe_count = 1, 0

    def until_probed(self):
        """Waits until the edge has read what it says now."""
        count = self.probe_count
        # The answer to the second probe from here on comes when the first was taken in.
        until(lambda: self.probe_count >= count + 3, "a probe")

    def _report(self):
        self.probe_count += 1
        return json.dumps(json.loads(super()._report()) | {"epoch": self.epoch}).encode()


class Copies(CacheCase):
    """Reference data is read from a copy that is a minute behind its authority."""

    @classmethod
    def make(cls):
        cls.origin = ScriptedOrigin("west")
        cls.copy = ReportingOrigin("west", "west-2", "replica")
        cls.copy.lag_milliseconds = 60_000
        cls.east = ScriptedOrigin("east")
        cls.issuer = tokens.Issuer()
        cls.fields = {"nurse": (tokens.bearer(cls.issuer.token(roles=["nurse"], tenant="north")),)}
        step = "      - { region: west, tier: cache, staleness: 24h }\n"
        copy = "      - { region: west, tier: replica, staleness: 1h }\n"
        edge = Edge(
            {"west": [Endpoint(cls.origin), Endpoint(cls.copy, tier="replica")],
             "east": [Endpoint(cls.east)]},
            policy=cachepolicy.POLICY.replace(step, step + copy, 1),
            identity=tokens.section(cls.issuer), cache=cls.cache())
        cachecase.write_sealing_key(edge)
        return edge

    def test_a_write_is_not_followed_by_what_a_copy_had_before(self):
        self.copy.lag_milliseconds = 60_000
        self.copy.until_probed()
        kept, changed = self.name(), self.name()
        for name in (kept, changed):
            self.copy.expect(name, good(body=b"old"))
            found = self.get(f"/fhir/ValueSet/{name}")
            self.assertIn("stored", self.status(found))
            self.assert_hit(self.get(f"/fhir/ValueSet/{name}"))
        path = f"/fhir/ValueSet/{changed}"
        self.origin.expect(changed, answer(body=b"changed"))
        found = self.get(path, "nurse", ("content-type", "application/fhir+json"), method="PUT",
                         body=b'{"resourceType":"ValueSet"}')
        self.assertEqual(bytes(found.body), b"changed")
        # The copy may be read, within the plan's bound, and is not kept.
        for count in (2, 3):
            self.copy.expect(changed, good(body=b"old"))
            found = self.get(path)
            self.assertEqual(bytes(found.body), b"old")
            self.assertNotIn("stored", self.status(found))
            self.assertEqual(self.status(found)["detail"], "lagging")
            self.assertEqual(len(self.copy.asked(changed)), count)
        # What nobody changed is kept as before.
        self.assert_hit(self.get(f"/fhir/ValueSet/{kept}"))

    def test_who_waited_goes_by_how_far_the_copy_was_when_he_came(self):
        """A change while a request waits for another one's answer: its choice is from before."""
        self.copy.lag_milliseconds = 0
        self.copy.until_probed()
        name, other = self.name(), self.name()
        path = f"/fhir/ValueSet/{name}"
        self.copy.expect(name, good(body=b"old", is_body_held=True),
                         *[good(body=b"old")] * 2)
        self.copy.expect(other, good())
        first, second = self.h2(), self.h2()
        streams = [first.request("GET", path, self.fields["nurse"])]
        until(lambda: self.copy.asked(name), "the first request")
        streams.append(second.request("GET", path, self.fields["nurse"]))
        # What came behind it on its connection is answered: it waits.
        self.get(f"/fhir/ValueSet/{other}", client=second)
        self.copy.lag_milliseconds = 60_000
        self.origin.expect(name, answer(body=b"changed"))
        self.get(path, "nurse", ("content-type", "application/fhir+json"), method="PUT",
                 body=b'{"resourceType":"ValueSet"}')
        # Some probes later the change is older than the lag of then.
        self.copy.until_probed()
        self.copy.release()
        first.finish(streams[0])
        waited = second.finish(streams[1])
        self.assertEqual(bytes(waited.body), b"old")
        self.assertEqual(self.status(waited).get("detail"), "lagging", waited.headers)
        self.assert_forwarded(self.get(path))

class Authorities(CacheCase):
    """What an authority answered ends with its epoch."""

    @classmethod
    def make(cls):
        cls.origin, cls.east = ReportingOrigin("west"), ReportingOrigin("east")
        cls.issuer = tokens.Issuer()
        cls.fields = {None: (), "nurse": (
            tokens.bearer(cls.issuer.token(roles=["nurse"], tenant="north")),)}
        row = "invalidate: [write, policy]"
        edge = Edge(
            {"west": [Endpoint(cls.origin)], "east": [Endpoint(cls.east)]},
            policy=cachepolicy.POLICY.replace(row, "invalidate: [write, policy, failover]", 1),
            identity=tokens.section(cls.issuer, required="false"), cache=cls.cache(),
            paths=cachecase.ASSETS)
        cachecase.write_sealing_key(edge)
        return edge

    def test_another_authority_ends_what_the_last_one_answered(self):
        name, file = self.name(), self.name()
        path = f"/fhir/ValueSet/{name}"
        self.origin.expect(name, good(body=b"the old one's"))
        self.origin.expect(file, good())
        self.get(path)
        self.get(f"/app/{file}.js", None)
        # Another region's epoch changes nothing.
        self.east.epoch += 1
        self.east.until_probed()
        self.assert_hit(self.get(path))
        self.origin.epoch += 1
        self.origin.expect(name, good(body=b"the new one's"))
        until(lambda: bytes(self.get(path).body) == b"the new one's", "the new epoch")
        self.assert_hit(self.get(path))
        # Rows that do not ask for it keep theirs.
        self.assert_hit(self.get(f"/app/{file}.js", None))

    def test_an_answer_on_its_way_belongs_to_the_authority_that_was_asked(self):
        name = self.name()
        path = f"/fhir/ValueSet/{name}"
        self.origin.expect(name, good(body=b"the old one's", is_held=True))
        client = self.h2()
        stream = client.request("GET", path, self.fields["nurse"])
        until(lambda: self.origin.asked(name), "the request")
        self.origin.epoch += 1
        self.origin.until_probed()
        self.origin.release()
        self.assertEqual(bytes(client.finish(stream).body), b"the old one's")
        self.origin.expect(name, good(body=b"the new one's"))
        self.assertEqual(bytes(self.get(path).body), b"the new one's")

    def test_who_waited_asks_the_authority_of_before(self):
        name, other = self.name(), self.name()
        path = f"/fhir/ValueSet/{name}"
        self.origin.expect(name, good(body=b"the old one's", is_body_held=True),
                           good(body=b"the old one's"), good(body=b"the new one's"))
        self.origin.expect(other, good())
        first, second = self.h2(), self.h2()
        streams = [first.request("GET", path, self.fields["nurse"])]
        until(lambda: self.origin.asked(name), "the first request")
        streams.append(second.request("GET", path, self.fields["nurse"]))
        # What came behind it on its connection is answered: it waits.
        self.get(f"/fhir/ValueSet/{other}", client=second)
        self.origin.epoch += 1
        self.origin.until_probed()
        self.origin.release()
        first.finish(streams[0])
        waited = second.finish(streams[1])
        self.assertEqual(bytes(waited.body), b"the old one's")
        self.assertEqual(self.status(waited).get("detail"), "fenced", waited.headers)
        self.assertEqual(bytes(self.get(path).body), b"the new one's")


@unittest.skipUnless(clock.compiler(), "without a C compiler no clock jumps")
class Jumps(CacheCase):
    """Files, which need no token: the tokens' own times are another matter."""

    @classmethod
    def make(cls):
        edge = super().make()
        cls.clock = clock.Moving()
        edge.environment = cls.clock.environment
        return edge

    def setUp(self):
        super().setUp()
        self.addCleanup(self.clock.set, 0)

    def hit(self, path):
        """A hit, and how old it is."""
        found = self.get(path, None)
        self.assert_hit(found)
        return int(found.header("age"))

    def test_what_is_stored_gets_neither_older_nor_younger(self):
        name = self.name()
        path = f"/app/{name}.js"
        self.origin.expect(name, good("Date: {now-20}"))
        self.get(path, None)
        for offset in (0, DAY, -DAY, 400 * DAY, -2 * DAY, 3600, 0):
            self.clock.set(offset)
            self.assertIn(self.hit(path), range(20, 40), offset)

    def test_nothing_gets_fresher_by_a_clock_that_is_wrong(self):
        for offset, lines, age in (
                (-DAY, ("Date: {now}",), 0), (-DAY, ("Date: {now-20}", "Age: 20"), 20),
                (DAY, ("Age: 20",), 20)):
            with self.subTest(offset=offset, lines=lines):
                self.clock.set(offset)
                name = self.name()
                self.origin.expect(name, good(*lines))
                found = self.get(f"/app/{name}.js", None)
                self.assertIn("stored", self.status(found))
                self.clock.set(0)
                found = self.get(f"/app/{name}.js", None)
                self.assert_hit(found)
                self.assertIn(int(found.header("age")) - age, range(20))
                self.assertLessEqual(int(self.status(found)["ttl"]), 60 - age)

    def test_a_clock_that_is_ahead_makes_answers_old(self):
        name = self.name()
        self.clock.set(DAY)
        self.origin.expect(name, good("Date: {now}"), good("Date: {now}"))
        for _ in range(2):
            found = self.get(f"/app/{name}.js", None)
            self.assertEqual(self.status(found).get("detail"), "no-lifetime")
