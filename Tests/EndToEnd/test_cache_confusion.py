"""Whose answer is it: tenants, roles, users, purposes, patients, consent, regions, and who may know
that something is stored at all."""

import statistics
import time

from harness.cachecase import CacheCase
from harness.cachetable import answer, good
from harness.script import Reply

P60 = "Cache-Control: public, max-age=60"
VITALS = "/fhir/Observation?patient={patient}&category=vital-signs&_id={name}"
RESULTS = "/fhir/Observation?patient={patient}&code=http://loinc.org%7C2339-0&_id={name}"

#: (who is answered first, who asks then, the path, whether the second may be served the first's).
PAIRS = [
    ("nurse", "nora", "/fhir/ValueSet/{name}", True),
    ("nurse", "doctor", "/fhir/ValueSet/{name}", True),
    ("nurse", "southern", "/fhir/ValueSet/{name}", False),
    ("southern", "nurse", "/fhir/ValueSet/{name}", False),
    ("nurse", "stray", "/fhir/ValueSet/{name}", False),
    ("stray", "nurse", "/fhir/ValueSet/{name}", False),
    ("stray", "stray", "/fhir/ValueSet/{name}", False),
    ("loner", "loner", "/fhir/ValueSet/{name}", False),
    ("nurse", "loner", "/fhir/ValueSet/{name}", False),
    ("nurse", None, "/fhir/ValueSet/{name}", False),
    (None, "nurse", "/fhir/ValueSet/{name}", False),
    (None, None, "/fhir/ValueSet/{name}", False),
    ("nurse", "nora", "/fhir/Slot/{name}", True),
    ("nurse", "doctor", "/fhir/Slot/{name}", False),
    ("doctor", "nurse", "/fhir/Slot/{name}", False),
    ("nurse", "biller", "/fhir/Slot/{name}", False),
    ("biller", "biller", "/fhir/Slot/{name}", False),
    ("biller", "nurse", "/fhir/Slot/{name}", False),
    ("nurse", "southern", "/fhir/Slot/{name}", False),
    ("nurse", "biller", "/fhir/ValueSet/{name}", False),
    ("biller", "nurse", "/fhir/ValueSet/{name}", False),
    ("biller", "biller", "/fhir/ValueSet/{name}", False),
    (None, None, "/app/{name}.js", True),
    ("nurse", None, "/app/{name}.js", False),
    (None, "southern", "/app/{name}.js", False),
    ("doctor", "doctor", VITALS.replace("{patient}", "p1"), True),
    ("doctor", "nurse", VITALS.replace("{patient}", "p1"), False),
    ("nurse", "nora", VITALS.replace("{patient}", "p1"), False),
    ("nurse", "southern", VITALS.replace("{patient}", "p1"), False),
    ("doctor", "doctor", VITALS.replace("{patient}", "p2"), False),
    ("carer", "carer2", RESULTS.replace("{patient}", "p1"), True),
    ("carer", "researcher", RESULTS.replace("{patient}", "p1"), False),
    ("researcher", "researcher", RESULTS.replace("{patient}", "p1"), False),
    ("carer", "nurse", RESULTS.replace("{patient}", "p1"), False),
    ("carer", "carer2", RESULTS.replace("{patient}", "p2"), False),
]


class Confusion(CacheCase):

    def expect(self, name, *replies):
        """The next requests for a script, at whichever origin."""
        for origin in (self.origin, self.east):
            origin.expect(name, *replies)

    def asked_count(self, name):
        """Requests for a script at all origins."""
        return len(self.origin.asked(name)) + len(self.east.asked(name))

    def test_who_may_be_served_anothers_answer(self):
        for first, second, pattern, is_shared in PAIRS:
            with self.subTest(first=first, second=second, path=pattern):
                name = self.name()
                path = pattern.format(name=name)
                self.expect(name, good(body=b"the first's"))
                self.assertEqual(self.get(path, first).status, 200)
                count = self.asked_count(name)
                for origin in (self.origin, self.east):
                    with origin.lock:
                        origin.scripts[name] = [good(body=b"the second's")]
                found = self.get(path, second)
                self.assertEqual(found.status, 200)
                if is_shared:
                    self.assert_hit(found)
                    self.assertEqual(bytes(found.body), b"the first's")
                    self.assertEqual(self.asked_count(name), count)
                else:
                    self.assertEqual(bytes(found.body), b"the second's")
                    self.assertEqual(self.asked_count(name), count + 1)
                    self.assertNotIn("hit", found.header("cache-status") or "")

    def test_patients_are_not_confused(self):
        for pattern, who in ((VITALS, "doctor"), (RESULTS, "carer")):
            name = self.name()
            for patient in ("p1", "p4"):
                self.expect(name, good(body=patient.encode()))
                found = self.get(pattern.format(name=name, patient=patient), who)
                self.assertEqual(bytes(found.body), patient.encode())
            for patient in ("p1", "p4"):
                found = self.get(pattern.format(name=name, patient=patient), who)
                self.assert_hit(found)
                self.assertEqual(bytes(found.body), patient.encode())

    def test_a_patient_whose_home_is_elsewhere_is_not_kept_here(self):
        name = self.name()
        self.expect(name, *(good() for _ in range(3)))
        for count in (1, 2, 3):
            found = self.get(VITALS.format(name=name, patient="p2"), "doctor")
            self.assertEqual(found.status, 200)
            self.assertEqual(len(self.east.asked(name)), count)
            self.assertNotIn("stored", found.header("cache-status") or "")
        self.assertEqual(self.origin.asked(name), [])

    def test_an_answer_from_a_region_that_the_plan_does_not_name(self):
        """Machines are answered by the East; what the West said is not for them."""
        name = self.name()
        path = f"/fhir/ValueSet/{name}"
        self.origin.expect(name, good(body=b"west"))
        self.east.expect(name, good(body=b"east"), good(body=b"east"))
        self.get(path, "nurse")
        for _ in range(2):
            found = self.get(path, "machine")
            self.assertEqual(bytes(found.body), b"east")
        # And what the West said is still there for those who may have it.
        found = self.get(path, "nora")
        self.assertEqual(bytes(found.body), b"west")
        self.assert_hit(found)

    def test_what_is_too_old_for_a_plan_is_fetched_anew(self):
        """Machines get nothing older than thirty seconds, though the row keeps it for an hour."""
        name = self.name()
        path = f"/fhir/ValueSet/{name}"
        self.east.expect(name, good("Age: 40", 'ETag: "a"', body=b"kept"))
        self.assertIn("stored", self.status(self.get(path, "machine")))
        self.east.expect(name, answer(P60, 'ETag: "a"', status=304))
        found = self.get(path, "machine")
        self.assertEqual(bytes(found.body), b"kept")
        self.assertEqual(self.east.asked(name)[-1].header("if-none-match"), '"a"')
        found = self.get(path, "machine")
        self.assert_hit(found)
        self.assertLess(int(found.header("age")), 30)

    def test_withdrawn_consent_is_refused_before_anything_is_looked_up(self):
        name = self.name()
        self.expect(name, good())
        found = self.get(VITALS.format(name=name, patient="p3"), "doctor")
        self.assert_outcome(found, 403, "forbidden")
        self.assertIsNone(found.header("age"))
        self.assertEqual(self.asked_count(name), 0)

    def test_a_policys_own_answers_are_not_stored(self):
        name = self.name()
        path = RESULTS.format(name=name, patient="p1")
        self.assert_outcome(self.get(path, "helper"), 403, "forbidden")
        self.expect(name, good())
        found = self.get(path, "carer")
        self.assertEqual(found.status, 200)
        self.assertIn("stored", self.status(found))
        self.assert_outcome(self.get(path, "helper"), 403, "forbidden")
        self.assert_hit(self.get(path, "carer2"))

    def test_broken_glass_neither_fills_nor_is_served(self):
        name = self.name()
        path = f"/fhir/ValueSet/{name}"
        token = self.issuer.token(roles=["nurse"], tenant="north", purpose_of_use="BTG")
        fields = (("authorization", f"Bearer {token}"), ("ehr-break-glass", "true"),
                  ("ehr-reason", "unconscious"))
        self.origin.expect(name, good(), good(), good())
        first = self.get(path, None, *fields)
        if first.status == 200:
            self.assertNotIn("stored", first.header("cache-status") or "")
        self.get(path, "nurse")
        self.assertNotIn("hit", self.get(path, None, *fields).header("cache-status") or "")

    def test_a_user_who_loses_his_role_loses_what_was_kept_for_it(self):
        name = self.name()
        path = f"/fhir/Slot/{name}"
        nurse, support = ((("authorization", "Bearer " + self.issuer.token(
            roles=[role], tenant="north", sub="changing")),) for role in ("nurse", "support"))
        self.origin.expect(name, good(body=b"for nurses"), good(body=b"for support"))
        self.get(path, None, *nurse)
        self.assert_hit(self.get(path, None, *nurse))
        self.assertEqual(bytes(self.get(path, None, *support).body), b"for support")

    def test_one_connection_carries_many_users(self):
        name = self.name()
        path = f"/fhir/ValueSet/{name}"
        self.origin.expect(name, good(body=b"north"), good(body=b"south"))
        client = self.h2()
        for who, body in (("nurse", b"north"), ("southern", b"south"), ("nora", b"north"),
                          ("southern", b"south"), ("nurse", b"north")):
            self.assertEqual(bytes(self.get(path, who, client=client).body), body)

    # Who may know that something is stored.

    def test_a_guess_at_a_version_is_no_oracle(self):
        for stored in (False, True):
            name = self.name()
            path = f"/fhir/ValueSet/{name}"
            if stored:
                self.origin.expect(name, good('ETag: W/"3"'))
                self.get(path, "nurse")
            self.origin.expect(name, Reply(404, (P60,)))
            found = self.get(path, "southern", ("if-none-match", 'W/"3"'))
            self.assertEqual(found.status, 404)
            found = self.get(RESULTS.format(name=name, patient="p1"), "helper",
                             ("if-none-match", "*"))
            self.assertEqual(found.status, 403)

    def test_only_if_cached_is_no_oracle(self):
        for who, status in (("southern", 504), (None, None), ("stray", None), ("biller", None)):
            shapes = []
            for stored in (False, True):
                name = self.name()
                path = f"/fhir/ValueSet/{name}"
                if stored:
                    self.origin.expect(name, good())
                    self.get(path, "nurse")
                self.origin.expect(name, answer(P60, status=404))
                found = self.get(path, who, ("cache-control", "only-if-cached"))
                if status:
                    self.assertEqual(found.status, status)
                shapes.append((found.status, self.shape(found)))
            self.assertEqual(shapes[0], shapes[1], who)

    def shape(self, found):
        """An answer's fields without what differs from request to request."""
        return sorted((key, value) for key, value in found.headers
                      if key not in ("ehr-decision-id", "date", "content-length", "x-request-id"))

    def test_answers_to_others_look_alike_whether_or_not_it_is_stored(self):
        for who in ("southern", "stray", "loner", "biller", None):
            shapes = []
            for stored in (False, True):
                name = self.name()
                path = f"/fhir/ValueSet/{name}"
                if stored:
                    self.origin.expect(name, good())
                    self.get(path, "nurse")
                self.origin.expect(name, good('ETag: "x"'))
                shapes.append(self.shape(self.get(path, who)))
            self.assertEqual(shapes[0], shapes[1], who)

    def test_refusals_look_alike_and_take_as_long(self):
        """By turns, so that a busy machine slows both alike; compared by ranks."""
        stored, absent = self.name(), self.name()
        self.origin.expect(stored, good())
        self.assertIn("stored", self.status(
            self.get(RESULTS.format(name=stored, patient="p1"), "carer")))
        times, shapes = {stored: [], absent: []}, {}
        for turn in range(600):
            # Refusals end a connection that asks for too many.
            if turn % 50 == 0:
                self.client = self.h2()
            name = (stored, absent)[turn % 2]
            began = time.perf_counter()
            found = self.get(RESULTS.format(name=name, patient="p1"), "helper")
            times[name].append(time.perf_counter() - began)
            shapes.setdefault(name, self.shape(found))
            self.assertEqual(found.status, 403)
        self.assertEqual(shapes[stored], shapes[absent])
        self.assertLess(abs(rank_difference(times[stored], times[absent])), 5)

    def test_misses_of_others_take_as_long_as_misses(self):
        """Another tenant's request goes to the origin either way, and is measured."""
        times = {False: [], True: []}
        for turn in range(200):
            stored = turn % 2 == 1
            name = self.name()
            path = f"/fhir/ValueSet/{name}"
            # The same work in both cases: one tenant fills this path, or another one.
            self.origin.expect(name, good())
            other = self.name()
            self.origin.expect(other, good())
            self.get(path if stored else f"/fhir/ValueSet/{other}", "nurse")
            with self.origin.lock:
                self.origin.scripts[name] = [good()]
            began = time.perf_counter()
            found = self.get(path, "southern")
            times[stored].append(time.perf_counter() - began)
            self.assert_forwarded(found)
        self.assertLess(abs(rank_difference(times[True], times[False])), 5)


def rank_difference(left, right):
    """By how many standard deviations two samples differ (Mann and Whitney's statistic)."""
    ranked = sorted([(value, 0) for value in left] + [(value, 1) for value in right])
    ranks = sum(rank for rank, (_, side) in enumerate(ranked, 1) if side == 0)
    n, m = len(left), len(right)
    mean = n * (n + m + 1) / 2
    return (ranks - mean) / statistics.NormalDist(0, (n * m * (n + m + 1) / 12) ** 0.5).stdev
