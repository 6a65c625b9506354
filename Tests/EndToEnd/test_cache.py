"""What the edge keeps, for whom, and until when."""

import json
import secrets

from harness import cachepolicy
from harness.cachecase import CacheCase
from harness.cachetable import good
from harness.waiting import until


class KeptCase(CacheCase):
    """An edge with a sealing key, and what tests of the cache need."""

    @classmethod
    def make(cls):
        edge = super().make()
        key = edge.folder / "sealing.key"
        key.write_text(secrets.token_hex(32))
        key.chmod(0o600)
        return edge

    @classmethod
    def cache(cls):
        return {"region": "west", "sealing_key": "sealing.key"}

    def keep(self, path, *lines, who="nurse", **options):
        """Has an answer stored; the script's name and path."""
        name = self.name()
        path = path.format(name=name)
        self.origin.expect(name, good('ETag: "v1"', *lines, **options))
        first = self.get(path, who)
        self.assertIn("stored", self.status(first), first.headers)
        return name, path

    def records(self, answer):
        """The decision and the outcome of an answer."""
        decision = answer.header("ehr-decision-id")

        def found():
            lines = map(json.loads, self.edge.audit_text("--decision", decision).splitlines())
            lines = [line for line in lines if line["kind"] in ("decision", "outcome")]
            return lines if len(lines) == 2 else None
        return until(found, f"the records of {decision}")


class Kept(KeptCase):
    """One answer, and who is given it again."""

    def test_a_second_request_is_served_from_the_cache(self):
        name, path = self.keep("/fhir/ValueSet/{name}")
        for client in (self.client, self.h2(), self.h2()):
            hit = self.get(path, client=client)
            self.assertEqual(hit.status, 200)
            self.assert_hit(hit)
            self.assertIn(name.encode(), bytes(hit.body))
            self.assertEqual(hit.header("ehr-region"), "west")
            self.assertTrue(hit.header("ehr-freshness").startswith("source=cache;"))
        self.assertEqual(len(self.origin.asked(name)), 1)

    def test_http1_is_served_too(self):
        name = self.name()
        self.origin.expect(name, good())
        for wanted in ("; stored", "; hit;"):
            reply = self.fetch(f"/app/{name}.js", http="--http1.1")
            self.assertEqual((reply.code, reply.status), (0, 200), reply)
            self.assertIn(wanted, reply.header("cache-status"))
            self.assertIn(name.encode(), reply.body)
        self.assertEqual(len(self.origin.asked(name)), 1)
