"""Three regions under the shipped policy, with patients who live in two of them."""

import json

from . import policies
from .case import EdgeCase
from .edge import Edge, Endpoint
from .origin import Origin
from .waiting import until

REGIONS = ("us-west", "us-central", "us-east")


class ClinicCase(EdgeCase):
    """Tests about who may see whose record; a primary and a replica in each region."""

    #: The lines of the directory.
    patients = ["p1001,us-west,US-AZ,granted,", "p1002,us-east,US-NY,granted,",
                "p1003,us-west,US-CA,granted,", "p1004,us-west,US-AZ,granted,"]

    @classmethod
    def make(cls):
        cls.origins = {
            f"{region}-{i}": Origin(
                region, f"{region}-{i}", "primary" if i == 1 else "replica", REGIONS)
            for region in REGIONS for i in (1, 2)}
        return Edge(
            {region: [Endpoint(cls.origins[f"{region}-1"]),
                      Endpoint(cls.origins[f"{region}-2"], tier="replica")] for region in REGIONS},
            policy=policies.shipped(), location=True,
            patients=cls.patients)

    def setUp(self):
        for origin in self.origins.values():
            origin.forget()

    def asked(self):
        """The names of the origins that have had a request, sorted."""
        return sorted(name for name, origin in self.origins.items() if origin.requests)

    def records(self, decision):
        """The records of a decision: the decision, then its outcome."""
        def found():
            lines = map(json.loads, self.edge.audit_text("--decision", decision).splitlines())
            return [line for line in lines if line["kind"] in ("decision", "outcome")]
        until(lambda: len(found()) == 2, f"the records of {decision}")
        return found()

    def last_outcomes(self, count):
        """The newest outcomes with their decisions, oldest first."""
        lines = list(map(json.loads, self.edge.audit_text().splitlines()))
        decisions = {line["id"]: line for line in lines if line["kind"] == "decision"}
        outcomes = [line for line in lines if line["kind"] == "outcome"][-count:]
        return [(decisions[outcome["id"]], outcome) for outcome in outcomes]
