"""Where a client is: databases that change, that are damaged, that hide; facilities."""

import signal
import subprocess

from harness import geo, policies, workshop
from harness.case import EdgeCase
from harness.edge import Edge, Endpoint
from harness.origin import Origin
from harness.waiting import until

CHART = "/fhir/Observation?patient=p1&category=vital-signs"
#: An address in a facility's network, and one from which users hide.
FACILITY, HIDDEN = "127.0.20.1", "127.0.1.200"


class Locations(EdgeCase):

    @classmethod
    def make(cls):
        regions = ("us-west", "us-central", "us-east")
        edge = Edge({name: [Endpoint(Origin(name))] for name in regions},
                    policy=policies.shipped(), patients=["p1,us-west,US-AZ,granted,"],
                    location={"anonymizers": "vpn.mmdb", "facilities":
                              "[{ network: 127.0.20.0/24, place: US-NY }, "
                              "{ network: 127.0.20.128/25, place: DE }]"})
        geo.write(edge.folder / "vpn.mmdb", {"127.0.1.200/32": geo.ANONYMOUS})
        return edge

    def rule(self, source):
        """The rule that decided a read from an address."""
        reply = self.fetch(CHART, source=source)
        return reply.header("ehr-policy").partition("rule=")[2]

    def record(self, source):
        """What the record says of the place."""
        wanted = self.fetch(CHART, source=source).header("ehr-decision-id")
        return until(lambda: [line for line in self.edge.audit_text("--decision", wanted)
                              .splitlines() if '"decision"' in line], "the record")[0]

    def test_places_count_as_far_as_they_are_known(self):
        self.assertEqual(self.rule(geo.ARIZONA), "R-11")
        self.assertEqual(self.rule(geo.NOWHERE), "R-14")
        self.assertEqual(self.rule(geo.GERMANY), "D-1")

    def test_who_hides_has_no_place(self):
        self.assertEqual(self.rule(geo.NEW_YORK), "R-11")
        self.assertEqual(self.rule(HIDDEN), "R-14")
        self.assertNotIn("geo-database", self.record(HIDDEN))

    def test_a_facility_is_where_it_is(self):
        self.assertEqual(self.rule(FACILITY), "R-11")
        self.assertIn('"locationFrom":"site"', self.record(FACILITY))
        self.assertIn('"location":"US-NY"', self.record(FACILITY))
        self.assertEqual(self.rule("127.0.20.200"), "D-1")

    def test_support_sees_why(self):
        def facts(address):
            result = subprocess.run(
                [workshop.binary(), "facts", "explain", "--config", self.edge.configuration,
                 "--client", address, "GET", CHART], capture_output=True, text=True)
            self.assertEqual(result.returncode, 0, result.stderr)
            return next(line for line in result.stdout.splitlines() if "location" in line)
        self.assertIn("hides its user", facts(HIDDEN))
        self.assertIn("a facility's network", facts(FACILITY))

    def reload(self, said):
        """SIGHUP, until the edge has said so."""
        count = self.edge.log().count(said)
        self.edge.signal(signal.SIGHUP)
        until(lambda: self.edge.log().count(said) > count, f"the log says `{said}`")

    def test_a_new_database_is_in_force_and_a_damaged_one_is_not(self):
        database = self.edge.folder / "geo.mmdb"
        sound = database.read_bytes()

        def replace(content):
            database.with_suffix(".new").write_bytes(content)
            database.with_suffix(".new").rename(database)

        for damaged in (b"", b"no database", sound[len(sound) // 2:], sound[:-20]):
            with self.subTest(len(damaged)):
                replace(damaged)
                self.reload("nothing is reloaded")
                self.assertEqual(self.rule(geo.ARIZONA), "R-11")
                self.assertEqual(self.rule(geo.GERMANY), "D-1")
        geo.write(database, {"127.0.0.0/24": ("DE", None), "127.0.2.0/24": ("US", "AZ")})
        self.edge.signal(signal.SIGHUP)
        until(lambda: self.rule(geo.ARIZONA) == "D-1", "the new database")
        self.assertEqual(self.rule(geo.GERMANY), "R-11")
        replace(sound)
        self.edge.signal(signal.SIGHUP)
        until(lambda: self.rule(geo.ARIZONA) == "R-11", "the old database")
