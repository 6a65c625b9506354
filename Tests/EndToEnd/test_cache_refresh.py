"""Stale answers that are served at once while the origin is asked behind the client's back, what
origins hear of clients then, and what does not exist."""

import json

from harness import cachepolicy
from harness.cachetable import answer, good
from harness.script import Reply
from harness.waiting import until
from test_cache import VITALS, KeptCase

P60 = "Cache-Control: public, max-age=60"
SLOT = "/fhir/Slot/{name}"


class Refresh(KeptCase):
    """One stale answer, and the fetch in its place."""

    def stale(self, path=SLOT, **options):
        """Has an answer stored that was old when it came; the script's name and the path."""
        name, path, _ = self.keep(path, "Age: 90", **options)
        return name, path

    def until_shows(self, path, body):
        """Waits until the stored answer is that; the answer."""
        found = []

        def shows():
            found[:] = [self.get(path)]
            return bytes(found[0].body) == body
        until(shows, lambda: f"the answer shows {body}: {found}")
        return found[0]

    def records(self, kind, test):
        """The records of a kind for which a test holds."""
        lines = map(json.loads, self.edge.audit_text().splitlines())
        return [line for line in lines if line["kind"] == kind and test(line)]

    def test_each_has_a_record_of_its_own(self):
        name, path = self.stale(body=b"old")
        self.origin.expect(name, good(body=b"new", is_held=True))
        found = self.get(path)
        self.assertEqual(bytes(found.body), b"old")
        self.assert_hit(found)
        self.assertLess(int(self.status(found)["ttl"]), 0)
        outcome, decision = self.outcome(found)
        self.assertEqual(outcome["cache"]["verdict"], "stale-hit")
        self.until_asked(name, 2)
        self.origin.release()
        fresh = self.until_shows(path, b"new")
        self.assert_hit(fresh)
        stored_by = self.outcome(fresh)[0]["cache"]["storedBy"]
        self.assertNotEqual(stored_by, decision["id"])
        asked = self.records("decision", lambda line: line["id"] == stored_by)[0]
        for member in ("rule", "class", "subject", "role"):
            self.assertEqual(asked.get(member), decision.get(member), member)
        ended = self.records("outcome", lambda line: line["id"] == stored_by)[0]
        self.assertEqual(ended["cache"]["verdict"], "refreshed")
        self.assertEqual((ended["status"], ended.get("bytesOut", 0)), (200, 0), ended)

    def test_the_client_need_not_stay(self):
        name, path = self.stale(body=b"old")
        self.origin.expect(name, good(body=b"new", is_held=True))
        client = self.h2()
        self.assertEqual(bytes(self.get(path, client=client).body), b"old")
        self.until_asked(name, 2)
        client.close()
        self.origin.release()
        self.until_shows(path, b"new")
        self.assertEqual(len(self.origin.asked(name)), 2)

    def test_an_origin_that_fails_is_not_asked_by_each_who_comes(self):
        name, path = self.stale(body=b"old")
        self.origin.expect(name, *[answer(status=503)] * 40)
        for _ in range(20):
            found = self.get(path)
            self.assertEqual((found.status, bytes(found.body)), (200, b"old"))
        count = len(self.origin.asked(name))
        self.assertGreaterEqual(count, 1)
        # One a second, and this took no minute.
        self.assertLess(count, 20)
        until(lambda: self.records(
            "outcome", lambda line: line.get("cache", {}).get("verdict") == "not-refreshed"),
            "a record of the failure")

    def test_a_large_one_that_is_confirmed_is_over_at_once(self):
        """Nobody takes the body: what waits for room in nobody's queue would wait for its end."""
        name = self.name()
        path = SLOT.format(name=name)
        self.origin.expect(name, good("Age: 90", 'ETag: "v"', body=b"l" * 600_000),
                           Reply(304, (P60, 'ETag: "v"')))
        self.get(path)
        begun = self.records("outcome", lambda line: "cache" in line)
        self.get(path)
        until(lambda: [line["cache"]["verdict"] for line in self.records(
            "outcome", lambda line: "cache" in line)[len(begun):]].count("refreshed") == 1,
            "the end of the refresh")
        self.assert_hit(self.get(path))
        self.assertEqual(len(self.origin.asked(name)), 2)

    def test_so_many_at_once(self):
        """All on one connection, and so on one loop."""
        stale = [self.stale(body=b"old") for _ in range(70)]
        for name, path in stale:
            self.origin.expect(name, good(body=b"new", is_held=True))
        for _, path in stale:
            self.assertEqual(bytes(self.get(path).body), b"old")
        until(lambda: sum(len(self.origin.asked(name)) == 2 for name, _ in stale) == 32,
              "as many fetches as one loop makes")
        self.origin.release(len(stale))
        until(lambda: self.origin.under_way() == 0, "the origin is done")

    def test_an_edge_ends_without_waiting_for_what_nobody_waits_for(self):
        name, path = self.stale(body=b"old")
        self.origin.expect(name, good(is_held=True))
        self.assertEqual(bytes(self.get(path).body), b"old")
        self.until_asked(name, 2)
        self.client.close()
        try:
            self.assertEqual(self.edge.stop(), 0)
            lines = [json.loads(line) for line in self.edge.audit_text().splitlines()]
            ids = {kind: {line["id"] for line in lines if line["kind"] == kind}
                   for kind in ("decision", "outcome")}
            self.assertEqual(ids["decision"], ids["outcome"])
        finally:
            self.origin.release()
            self.edge.start()


class Sight(KeptCase):
    """What the edge says of its cache, and what origins hear."""

    def test_why_an_origin_was_asked(self):
        name, path, _ = self.keep("/fhir/ValueSet/{name}")
        for field, why in (("no-cache", "request"), ("min-fresh=3600", "request")):
            self.origin.expect(name, good('ETag: "v1"'))
            found = self.get(path, "nurse", ("cache-control", field))
            self.assertEqual(self.status(found)["fwd"], why)
        name, path, _ = self.keep("/fhir/ValueSet/{name}", "Age: 100")
        self.origin.expect(name, good())
        self.assertEqual(self.status(self.get(path))["fwd"], "stale")

    def test_no_origin_is_asked_for_those_who_want_none(self):
        name, path, _ = self.keep("/fhir/ValueSet/{name}")
        only = ("cache-control", "max-stale, only-if-cached")
        self.assert_hit(self.get(path, "nurse", only))
        # Another route, nobody's tenant, a field that is in no key: nothing here is for them.
        for who, more in (("biller", ()), ("loner", ()), ("nurse", [("x-odd", "1")])):
            with self.subTest(who=who, more=more):
                self.assertEqual(self.get(path, who, only, *more).status, 504)
        self.assertEqual(len(self.origin.asked(name)), 1)

    def test_a_fetch_for_many_names_no_client(self):
        name, _, _ = self.keep("/fhir/ValueSet/{name}")
        asked = self.origin.asked(name)[-1]
        self.assertEqual(asked.values("forwarded"), ["proto=https;host=edge.homeward.example"])
        self.assertEqual(asked.values("x-forwarded-for"), [])
        self.assertEqual(asked.values("x-forwarded-host"), ["edge.homeward.example"])

    def test_a_fetch_for_one_user_does(self):
        name, _, _ = self.keep(VITALS)
        asked = self.origin.asked(name)[-1]
        self.assertEqual(asked.values("x-forwarded-for"), ["127.0.0.1"])
        self.assertIn("for=127.0.0.1", asked.values("forwarded")[0])


class Missing(KeptCase):
    """What does not exist, where a row remembers that."""

    @classmethod
    def policy(cls):
        rows = cachepolicy.POLICY.index("cache:\n")
        text = cachepolicy.POLICY[rows:].replace(
            "ttl: 1h\n", "ttl: 1h\n      negative: 30s\n", 1)
        return cachepolicy.POLICY[:rows] + text

    def missing(self, *lines, status=404, path="/fhir/ValueSet/{name}"):
        """Asks for what does not exist; the script's name, the path and the answer."""
        name = self.name()
        path = path.format(name=name)
        self.origin.expect(name, answer(P60, *lines, status=status))
        found = self.get(path)
        self.assertEqual(found.status, status)
        return name, path, found

    def test_it_is_remembered_for_a_moment(self):
        for status in (404, 410):
            name, path, found = self.missing(status=status)
            self.assertIn("stored", self.status(found))
            again = self.get(path)
            self.assertEqual(again.status, status)
            self.assert_hit(again)
            self.assertLessEqual(int(self.status(again)["ttl"]), 30)
            self.assertEqual(len(self.origin.asked(name)), 1)

    def test_what_is_created_is_there_at_once(self):
        name, path, _ = self.missing()
        self.origin.expect(name, answer(status=201), good(body=b"made"))
        made = self.get(path, "nurse", ("content-type", "application/fhir+json"), method="PUT",
                        body=b'{"resourceType":"ValueSet"}')
        self.assertEqual(made.status, 201)
        self.assertEqual(bytes(self.get(path).body), b"made")

    def test_other_refusals_are_not(self):
        for status in (400, 401, 403, 405, 406, 451, 500):
            _, _, found = self.missing(status=status)
            self.assertEqual(self.status(found).get("detail"), "status", status)

    def test_nor_where_the_record_system_or_the_row_says_so(self):
        for lines, path in ((("Cache-Control: no-store",), "/fhir/ValueSet/{name}"),
                            ((), SLOT), ((), VITALS)):
            _, _, found = self.missing(*lines, path=path)
            self.assertNotIn("stored", self.status(found))
