"""Who of equals is asked: whoever is near, by the locality table, and not too busy, by his own word."""

import json
import subprocess

from harness import geo, region, workshop
from harness.case import EdgeCase
from harness.edge import Edge, Endpoint
from harness.waiting import until

#: Allergies are read anywhere, whoever is best; other charts are read at home.
POLICY = """\
policy: selection
version: 1
regions:
  us-west: { jurisdiction: US }
  us-east: { jurisdiction: US }
routes:
  - id: R-1
    say: Everything goes to the primary of the home region
    when: {}
    serve:
      - { region: home, tier: primary }
    audit: standard
  - id: R-2
    say: Charts are read at home, copies first
    when: { operation: [read, vread, search] }
    unless: { data_class: [allergies] }
    overrides: [R-1]
    serve:
      - { region: home, tier: replica, staleness: 1h }
      - { region: home, tier: primary }
    audit: standard
  - id: R-3
    say: Allergies are read from any copy, all of them equal
    when: { operation: [read, vread, search], data_class: [allergies] }
    overrides: [R-1]
    serve:
      - { region: any, tier: replica, staleness: 1h, order: load }
    audit: standard
"""

HOME = "/fhir/Observation?patient=p1001&category=vital-signs"
ANYWHERE = "/fhir/AllergyIntolerance?patient=p1001"


class Selection(EdgeCase):

    @classmethod
    def make(cls):
        servers = region.regions("us-west", "us-east")
        cls.servers = {s.name: s for members in servers.values() for s in members}
        for server in cls.servers.values():
            cls.addClassCleanup(server.kill)
        return Edge(
            {name: [Endpoint(s, tier=s.role) for s in members] for name, members in servers.items()},
            policy=POLICY, patients=["p1001,us-west,US-AZ,granted,"], location=True,
            operators=True, admin=True,
            locality={"US-NY": "[us-east, us-west]", "US-AZ": "[us-west, us-east]"})

    def setUp(self):
        for server in self.servers.values():
            server.ask("/fault", {"clear": True})
        self.wait_status(lambda server: server["load"] is None and not server["saturated"]
                         and server["reach"] == "healthy" and server["freshness"] == "fresh")

    def region_status(self, *words):
        """What `homeward region status` prints, of the edge's API unless told otherwise."""
        way = () if "--offline" in words else (
            "--admin", f"https://127.0.0.1:{self.edge.admin_port}")
        result = subprocess.run(
            [workshop.binary(), "region", "status", *words, *way, "--config",
             self.edge.configuration], capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def status(self):
        """Each server, as the edge sees it."""
        regions = json.loads(self.region_status("--json"))["regions"]
        return {s["name"]: s for r in regions for s in r["servers"]}

    def wait_status(self, fits, *names):
        """Waits until the edge sees these servers, or all, so."""
        until(lambda: all(fits(s) for name, s in self.status().items()
                          if not names or name in names), self.status, within=20, pause=0.1)

    def tell_load(self, load, *names):
        """Lets servers tell their load, and waits until the edge knows."""
        for name in names:
            self.servers[name].ask("/fault", {"load": load})
        self.wait_status(lambda server: server["load"] == load, *names)

    def served(self, path, source=geo.NOWHERE, count=40):
        """How many of so many reads went to whom, by the records of how they ended."""
        regions = {}
        for _ in range(count):
            reply = self.fetch(path, source=source)
            self.assertEqual(reply.status, 200, reply)
            regions[reply.header("ehr-decision-id")] = reply.header("ehr-region")

        def ends():
            lines = (json.loads(line) for line in self.edge.audit_text().splitlines())
            return {line["id"]: line["endpoint"] for line in lines
                    if line.get("kind") == "outcome" and line["id"] in regions}

        until(lambda: len(ends()) == count, "the records")
        counts = {}
        for decision, name in ends().items():
            self.assertEqual(regions[decision], self.servers[name].region)
            counts[name] = counts.get(name, 0) + 1
        return counts

    def test_who_says_he_is_saturated_is_asked_last(self):
        self.assertLessEqual(set(self.served(HOME)), {"us-west-2", "us-west-3"})
        self.tell_load(0.95, "us-west-2")
        self.assertEqual(self.served(HOME), {"us-west-3": 40})
        # Then the plan's next step; and when all are saturated, whoever the plan names, in its order.
        self.tell_load(0.97, "us-west-3")
        self.assertEqual(self.served(HOME, count=10), {"us-west-1": 10})
        self.tell_load(1.5, "us-west-1")
        self.assertLessEqual(set(self.served(HOME)), {"us-west-2", "us-west-3"})

    def test_who_is_the_last_is_asked_whatever_he_says(self):
        self.tell_load(0.95, "us-west-2", "us-west-3", "us-east-2")
        self.assertEqual(self.served(ANYWHERE), {"us-east-3": 40})
        self.tell_load(0.95, "us-east-3")
        counts = self.served(ANYWHERE)
        self.assertEqual(sum(counts.values()), 40)
        self.assertNotIn("us-west-1", counts)
        self.assertNotIn("us-east-1", counts)

    def test_operators_see_the_load(self):
        self.tell_load(0.96, "us-west-2")
        seen = self.status()
        self.assertEqual((seen["us-west-2"]["load"], seen["us-west-2"]["saturated"]), (0.96, True))
        self.assertEqual((seen["us-west-3"]["load"], seen["us-west-3"]["saturated"]), (None, False))
        for way in ((), ("--offline",)):
            until(lambda: "us-west-2: saturated, by its own report" in self.region_status(*way),
                  lambda: self.region_status(*way), pause=0.1)
            lines = self.region_status(*way).splitlines()
            self.assertIn("LOAD", lines[0])
            self.assertTrue(any("us-west-2" in line and "96%" in line for line in lines), lines)
            self.assertLessEqual(max(map(len, lines)), 80)

    def test_a_client_is_served_where_the_table_says(self):
        west, east = {"us-west-2", "us-west-3"}, {"us-east-2", "us-east-3"}
        self.assertLessEqual(set(self.served(ANYWHERE, geo.NEW_YORK)), east)
        self.assertLessEqual(set(self.served(ANYWHERE, geo.ARIZONA)), west)
        # Who has no row is served by measured time; what the policy orders stays as it is.
        self.assertLessEqual(set(self.served(ANYWHERE, geo.GERMANY)), west | east)
        self.assertLessEqual(set(self.served(HOME, geo.NEW_YORK)), west)

    def test_the_next_of_the_table_follows_when_the_first_is_busy_or_down(self):
        east = {"us-east-2", "us-east-3"}
        self.tell_load(1, *east)
        self.assertLessEqual(set(self.served(ANYWHERE, geo.NEW_YORK)), {"us-west-2", "us-west-3"})
        for name in east:
            self.servers[name].ask("/fault", {"clear": True, "health": "fail"})
        self.wait_status(lambda server: server["reach"] == "down", *east)
        self.assertLessEqual(set(self.served(ANYWHERE, geo.NEW_YORK)), {"us-west-2", "us-west-3"})
        for name in east:
            self.servers[name].ask("/fault", {"clear": True})
        self.wait_status(lambda server: server["reach"] == "healthy", *east)
        self.assertLessEqual(set(self.served(ANYWHERE, geo.NEW_YORK)), east)

    def test_support_sees_whose_region_is_near(self):
        result = subprocess.run(
            [workshop.binary(), "facts", "explain", "--config", self.edge.configuration,
             "--client", geo.NEW_YORK, "GET", ANYWHERE], capture_output=True, text=True, timeout=60)
        self.assertRegex(result.stdout, "nearest_regions +us-east us-west +locality")
