"""What the edge keeps, for whom, until when, and what the records say of it."""

import json

from harness import cachepolicy, content, tokens
from harness.cachecase import ASSETS, CacheCase, write_sealing_key
from harness.cachetable import answer, good
from harness.edge import Endpoint
from harness.script import Reply, ScriptedOrigin
from harness.waiting import until
from test_directory import SignedEdge

#: What any row keeps, and finds stale when it comes back: it was old already.
STALE = ("Cache-Control: public, max-age=60, stale-while-revalidate=0", "Age: 100")
JSON = ("content-type", "application/fhir+json")
VITALS = "/fhir/Observation?patient=p1&category=vital-signs&_id={name}"


class KeptCase(CacheCase):
    """What tests of the cache need."""

    def keep(self, path, *lines, who="nurse", **options):
        """Has an answer stored; the script's name, the path and the answer."""
        name = self.name()
        path = path.format(name=name)
        self.origin.expect(name, good('ETag: "v1"', *lines, **options))
        first = self.get(path, who)
        self.assertIn("stored", self.status(first), first.headers)
        return name, path, first

    def begin(self, path, who="nurse", client=None):
        """Asks on a connection of its own; a function that waits for the answer."""
        client = client or self.h2()
        stream = client.request("GET", path, self.fields[who])
        return lambda: client.finish(stream)

    def until_asked(self, name, count):
        """Waits until the origin has had so many requests for a script."""
        until(lambda: len(self.origin.asked(name)) == count, f"{count} requests for {name}")

    def outcome(self, found):
        """The outcome's record of an answer, and its decision's."""
        decision = found.header("ehr-decision-id")

        def there():
            lines = map(json.loads, self.edge.audit_text("--decision", decision).splitlines())
            lines = {line["kind"]: line for line in lines}
            return lines if "outcome" in lines else None
        lines = until(there, f"the records of {decision}")
        return lines["outcome"], lines["decision"]


class Kept(KeptCase):
    """One answer, and who is given it again."""

    def test_a_second_request_is_served_from_the_cache(self):
        name, path, _ = self.keep("/fhir/ValueSet/{name}")
        for client in (self.client, self.h2(), self.h2()):
            hit = self.get(path, client=client)
            self.assertEqual(hit.status, 200)
            self.assert_hit(hit)
            self.assertIn(name.encode(), bytes(hit.body))
            self.assertEqual(hit.header("ehr-region"), "west")
            self.assertRegex(hit.header("ehr-freshness"), r"^source=cache;lag=\d")
            self.assertIn("rule=R-2", hit.header("ehr-policy"))
        self.assertEqual(len(self.origin.asked(name)), 1)

    def test_http1_is_served_too(self):
        name = self.name()
        self.origin.expect(name, good(kind="text/javascript"))
        for wanted in ("; stored", "; hit;"):
            reply = self.fetch(f"/app/{name}.js", http="--http1.1")
            self.assertEqual((reply.code, reply.status), (0, 200), reply)
            self.assertIn(wanted, reply.header("cache-status"))
            self.assertIn(name.encode(), reply.body)
        self.assertEqual(len(self.origin.asked(name)), 1)

    def test_what_the_matrix_never_stores_is_not_stored(self):
        for path in ("/fhir/MedicationRequest?patient=p1&_id={name}", "/fhir/Condition/p1.{name}",
                     "/fhir/AuditEvent?patient=p1&_id={name}"):
            with self.subTest(path):
                name = self.name()
                self.origin.expect(name, good('ETag: "a"'), good('ETag: "a"'))
                for _ in range(2):
                    found = self.get(path.format(name=name))
                    self.assertEqual(found.status, 200)
                    self.assertEqual(self.status(found), {"fwd": "bypass"})
                self.assertEqual(len(self.origin.asked(name)), 2)

    def test_a_write_is_never_followed_by_an_older_read(self):
        """On connections of all loops, with reads under way while it is written."""
        clients = [self.h2() for _ in range(8)]
        for turn in range(10):
            name, path, _ = self.keep("/fhir/ValueSet/{name}", body=b"old")
            for client in clients:
                self.assert_hit(self.get(path, client=client))
            self.origin.expect(name, answer(body=b"written"), good(body=b"new"))
            written = self.get(path, "nurse", JSON, method="PUT", client=clients[turn % 8],
                               body=b'{"resourceType":"ValueSet"}')
            self.assertEqual((written.status, bytes(written.body)), (200, b"written"))
            self.assertEqual(self.status(written), {"fwd": "method"})
            for client in clients:
                self.assertEqual(bytes(self.get(path, client=client).body), b"new")
            self.assertEqual(len(self.origin.asked(name)), 3)

    def test_fifty_at_once_ask_once(self):
        name = self.name()
        path = f"/fhir/ValueSet/{name}"
        self.origin.expect(name, Reply(200, ("Cache-Control: public, max-age=60",), is_held=True))
        clients = [self.h2() for _ in range(5)]
        finishes = [self.begin(path, client=clients[number % 5]) for number in range(50)]
        self.until_asked(name, 1)
        self.origin.release()
        bodies = {bytes(found.body) for found in (finish() for finish in finishes)}
        self.assertEqual(len(bodies), 1)
        self.assertIn(name.encode(), bodies.pop())
        self.assertEqual(len(self.origin.asked(name)), 1)

    def test_a_stale_answer_is_confirmed_by_its_tag(self):
        name, path, _ = self.keep("/fhir/ValueSet/{name}", "Age: 100", body=b"kept")
        self.origin.expect(name, answer("Cache-Control: public, max-age=60", 'ETag: "v1"',
                                        status=304))
        found = self.get(path, "nurse", ("if-none-match", '"mine"'))
        self.assertEqual((found.status, bytes(found.body)), (200, b"kept"))
        self.assertEqual(self.origin.asked(name)[-1].values("if-none-match"), ['"v1"'])
        status = self.status(found)
        self.assertEqual((status["fwd"], status["fwd-status"]), ("stale", "304"))
        self.assert_hit(self.get(path))
        outcome, _ = self.outcome(found)
        self.assertEqual(outcome["cache"]["verdict"], "confirmed")

    def test_a_client_that_leaves_amid_a_fill_leaves_nothing(self):
        name = self.name()
        path = f"/fhir/ValueSet/{name}"
        self.origin.expect(
            name, Reply(200, ("Cache-Control: public, max-age=60",), is_body_held=True), good())
        client = self.h2()
        stream = client.request("GET", path, self.fields["nurse"])
        client.wait(lambda: client.streams[stream].status, "the head")
        client.close()
        found = self.get(path)
        self.assertEqual(found.status, 200)
        self.assertIn(b'"n":2', bytes(found.body))
        self.assert_hit(self.get(path))

    def test_large_answers_pass_in_bounded_memory(self):
        """What is larger than the bound is passed on and not stored; what is stored is sent to
        clients that do not read as far as their windows go, without a copy for each."""
        name = self.name()
        large = content.body(22 << 20)
        self.origin.expect(name, good(body=large, kind="text/plain"))
        self.edge.forget_peak()
        before = self.edge.resident()
        found = self.get(f"/app/{name}.js", None)
        self.assertEqual(len(found.body), len(large))
        self.assertEqual(self.status(found)["detail"], "too-large")
        self.assertLess(self.edge.resident(peak=True) - before, 12 << 20)

        name = self.name()
        self.origin.expect(name, good(body=large[:2 << 20], kind="text/plain"))
        self.get(f"/app/{name}.js", None)
        client = self.h2(window=1 << 16)
        self.edge.forget_peak()
        before = self.edge.resident()
        streams = [client.head("GET", f"/app/{name}.js") for _ in range(40)]
        for stream, frames in streams:
            client.streams[stream].reads = False
            client.send(frames)
        client.wait(lambda: all(client.streams[stream].status for stream, _ in streams), "heads")
        self.assertLess(self.edge.resident(peak=True) - before, 30 << 20)
        for stream, _ in streams[:2]:
            client.streams[stream].reads = True
            client.allow(stream, 8 << 20)
        for stream, _ in streams[:2]:
            self.assertEqual(len(client.finish(stream).body), 2 << 20)

    def test_the_records_say_why_an_answer_could_be_served(self):
        _, path, first = self.keep("/fhir/ValueSet/{name}")
        hit = self.get(path, "nora")
        outcome, decision = self.outcome(hit)
        self.assertEqual((outcome["tier"], outcome["region"]), ("cache", "west"))
        self.assertEqual((outcome["attempts"], decision["cacheVerdict"]), (0, "asked"))
        cache = outcome["cache"]
        self.assertEqual((cache["verdict"], cache["row"], cache["validator"]), ("hit", 1, "v1"))
        self.assertEqual(cache["storedBy"], first.header("ehr-decision-id"))
        self.assertGreaterEqual(cache["dataKey"], 1)
        self.assertNotIn("storedUnder", cache)
        self.assertRegex(cache["entry"], "^[0-9a-f]{32}$")
        again, _ = self.outcome(self.get(path))
        self.assertEqual(again["cache"]["entry"], cache["entry"])
        stored, _ = self.outcome(first)
        self.assertEqual(stored["cache"]["verdict"], "stored")
        passed, _ = self.outcome(self.get(path, "nurse", ("x-unheard-of", "1")))
        self.assertEqual((passed["cache"]["verdict"], passed["cache"]["reason"]),
                         ("passed", "unkeyed-field"))
        readable = self.edge.audit_command(
            "show", self.edge.folder / "audit", "--decision", hit.header("ehr-decision-id"))
        self.assertIn("cache: hit, row 1,", readable)

    def test_a_hit_for_a_patient_waits_for_its_record(self):
        """The row is kept for one user, and the route is durable."""
        name, path, _ = self.keep(VITALS, who="nora")
        self.assert_hit(self.get(path, "nora"))
        self.origin.expect(name, good())
        other = self.get(path, "nurse")
        self.assertIn("stored", self.status(other))


class Outage(KeptCase):
    """Origins that die, and what may stand in."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.revive)

    def revive(self):
        for origin, name in ((self.origin, "west-1"), (self.east, "east-1")):
            if origin._listener is None:
                origin.start()
        until(lambda: len(self.edge.endpoints("healthy")) == 2, "healthy origins")

    def test_only_what_may_be_stale_stands_in(self):
        name = self.name()
        self.origin.expect(name, Reply(200, STALE + ('ETag: "v1"',), body=b"slot"))
        may = f"/fhir/Slot/{name}"
        self.get(may)
        _, must_not, _ = self.keep("/fhir/ValueSet/{name}", "Age: 100")
        _, fresh, _ = self.keep("/fhir/ValueSet/{name}", body=b"fresh")
        for origin in (self.origin, self.east):
            origin.kill()
        found = self.get(may)
        self.assertEqual((found.status, bytes(found.body)), (200, b"slot"))
        self.assertTrue(found.header("ehr-freshness").endswith(";stale"), found.headers)
        self.assertGreaterEqual(int(found.header("age")), 100)
        self.assertEqual(self.outcome(found)[0]["cache"]["verdict"], "stood-in")
        until(lambda: not self.edge.endpoints("healthy"), "dead origins")
        self.assertIn(self.get(must_not).status, (502, 503))
        found = self.get(may)
        self.assertEqual((found.status, bytes(found.body)), (200, b"slot"))
        # What is fresh needs no origin at all.
        found = self.get(fresh)
        self.assertEqual((found.status, bytes(found.body)), (200, b"fresh"))
        self.assert_hit(found)


class Reload(KeptCase):
    """Another policy version comes into force while the edge runs."""

    def adopt(self, text, version):
        """Puts a policy into the place of the old one; waits until it decides."""
        self.edge.policy_file.write_text(text)
        self.edge.signal(1)
        until(lambda: f"version={version} " in (self.get("/fhir/metadata").header("ehr-policy") + " ")
              .replace(";", " "), lambda: self.edge.log()[-2000:])

    def test_only_rows_that_changed_are_emptied(self):
        text = cachepolicy.POLICY
        asset = text.index("- data_class: [asset]")
        # Files stay over versions; appointments do, too, but their row changes.
        text = text[:asset] + text[asset:].replace("      invalidate: [policy]\n", "", 1)
        after = f"supersedes: sha256:{'0' * 64}\n"
        text = text.replace("version: 1\n", f"version: 2\n{after}", 1)
        self.adopt(text, 2)
        files, file, _ = self.keep("/app/{name}.js", kind="text/javascript", who=None)
        slots, slot, _ = self.keep("/fhir/Slot/{name}")
        sets, value_set, _ = self.keep("/fhir/ValueSet/{name}")
        for path, who in ((file, None), (slot, "nurse"), (value_set, "nurse")):
            self.assert_hit(self.get(path, who))
        text = text.replace("version: 2\n", "version: 3\n", 1)
        text = text.replace("stale_while_revalidate: 60s", "stale_while_revalidate: 50s", 1)
        self.adopt(text, 3)
        hit = self.get(file, None)
        self.assert_hit(hit)
        outcome, _ = self.outcome(hit)
        self.assertRegex(outcome["cache"]["storedUnder"], "^[0-9a-f]{64}$")
        for name, path in ((slots, slot), (sets, value_set)):
            self.origin.expect(name, good())
            self.assertIn("stored", self.status(self.get(path)))
        self.assertEqual([len(self.origin.asked(name)) for name in (files, slots, sets)], [1, 2, 2])


class Consent(KeptCase):
    """A directory whose changes come while the edge runs."""

    @classmethod
    def make(cls):
        cls.origin = ScriptedOrigin("west", homes=("east",))
        cls.east = ScriptedOrigin("east", homes=("west",))
        cls.issuer = tokens.Issuer()
        cls.fields = {"nurse": (tokens.bearer(cls.issuer.token(roles=["nurse"], tenant="north")),)}
        edge = SignedEdge(
            {"west": [Endpoint(cls.origin)], "east": [Endpoint(cls.east)]},
            policy=cachepolicy.POLICY, identity=tokens.section(cls.issuer, required="false"),
            patients=["p1,west,US-AZ,granted,", "p4,west,US-AZ,granted,"], cache=cls.cache(),
            paths=ASSETS)
        write_sealing_key(edge)
        return edge

    def test_what_was_kept_ends_with_the_consent(self):
        name, path, _ = self.keep(VITALS)
        self.assert_hit(self.get(path))
        other, another, _ = self.keep(VITALS.replace("p1", "p4"))
        self.edge.apply({"change": "withdraw", "patient": "p1"})
        until(lambda: self.get(path).status == 403, lambda: self.edge.log())
        self.edge.apply({"change": "grant", "patient": "p1"})
        self.origin.expect(name, good(), good())
        until(lambda: self.get(path).status == 200, lambda: self.edge.log())
        # The same words under the same consent, and yet not the answer of before.
        self.assertEqual(len(self.origin.asked(name)), 2)
        self.assert_hit(self.get(another))
        self.assertEqual(len(self.origin.asked(other)), 1)
