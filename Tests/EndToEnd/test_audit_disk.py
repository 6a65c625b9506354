"""A disk that takes no more under load: nothing is disclosed without its record."""

import json
import re
import threading
import unittest

from harness import curl, h2, policies
from harness.case import document, operation
from harness.edge import Edge, Endpoint
from harness.origin import Origin
from harness.waiting import until


def mixed(region):
    """Writes are durable, reads are not."""
    head, mark, tail = policies.transport([region]).partition("  - id: T-2")
    return head + mark + tail.replace("audit: durable", "audit: standard", 1)


def three_kinds(region):
    """Writes are durable, reads are not, and reference data goes on without its record."""
    return mixed(region) + f"""\
  - id: T-4
    say: Reference data is about nobody
    when: {{ operation: [read, search], data_class: [reference] }}
    overrides: [T-1, T-2]
    serve:
      - {{ region: any, tier: primary }}
    audit: best-effort
"""


#: Reference data, about nobody.
REFERENCE = "/fhir/ValueSet/v.bytes-10"


class FullDisk(unittest.TestCase):

    def test_a_full_disk_under_load_discloses_nothing_unrecorded(self):
        # Space is taken in steps of a mebibyte; one of the next ones is refused.
        edge = Edge({"west": [Endpoint(Origin("west"))]}, policy=mixed("west"),
                    file_blocks_max=5000)
        self.addCleanup(edge.kill)
        edge.start()
        counts = {}

        def write():
            with h2.Connection(edge.port) as client:
                answers = []
                for _ in range(60):
                    streams = [client.request("POST", operation("echo"), body=b"x")
                               for _ in range(10)]
                    answers += [client.finish(stream) for stream in streams]
            counts["writes"] = answers

        def read():
            counts["reads"] = curl.load(edge, document("bytes-10"), 20000, 20, 5)

        threads = [threading.Thread(target=work) for work in (read, write)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        reads, writes = counts["reads"], counts["writes"]
        # Each request was answered, by its origin or by a refusal; and there were both.
        self.assertEqual(reads["2xx"] + reads["5xx"], 20000, reads)
        self.assertGreater(reads["2xx"], 0)
        self.assertGreater(reads["5xx"], 0)
        self.assertEqual({answer.status for answer in writes} - {200, 503}, set())
        with h2.Connection(edge.port) as client:
            for last in (client.get(document("bytes-10")),
                         client.finish(client.request("POST", operation("echo"), body=b"x"))):
                self.assertEqual(last.status, 503)
                outcome = json.loads(bytes(last.body))
                self.assertEqual(outcome["resourceType"], "OperationOutcome")
                self.assertIn("audit-unavailable", json.dumps(outcome))
        self.assertTrue(edge.is_alive())
        self.assertIn("critical", edge.log().lower())
        # What was durable and was disclosed has its record, after the worst end too.
        edge.kill()
        recorded = {json.loads(line)["id"] for line in edge.audit_text().splitlines()
                    if '"kind":"decision"' in line}
        disclosed = [a.header("ehr-decision-id") for a in writes if a.status == 200]
        self.assertEqual([i for i in disclosed if i not in recorded], [])
        # Reads follow their class: the group under way may be lost, and no more than waits for it.
        self.assertGreaterEqual(len(recorded) + 2000, reads["2xx"] + len(disclosed))
        edge.file_blocks_max = None
        edge.start()
        self.assertEqual(edge.stop(), 0)
        edge.audit_command("verify", edge.folder / "audit", "--key",
                           edge.folder / "signing.key.pub")

    def test_on_a_full_disk_best_effort_goes_on_and_is_counted(self):
        edge = Edge({"west": [Endpoint(Origin("west"))]}, policy=three_kinds("west"),
                    file_blocks_max=5000)
        self.addCleanup(edge.kill)
        edge.start()
        counts, done = {}, threading.Event()

        def ask(name, send):
            """Asks until the disk is full and everybody else was answered 20 times since then."""
            answers = []
            with h2.Connection(edge.port) as client:
                while not done.is_set():
                    streams = [send(client) for _ in range(20)]
                    answers += [client.finish(stream) for stream in streams]
                    counts[name] = answers

        def refused(name):
            return sum(answer.status == 503 for answer in counts.get(name, []))

        kinds = {"durable": lambda c: c.request("POST", operation("echo"), body=b"x"),
                 "standard": lambda c: c.request("GET", document("bytes-10")),
                 "best-effort": lambda c: c.request("GET", REFERENCE)}
        threads = [threading.Thread(target=ask, args=kind) for kind in kinds.items()]
        for thread in threads:
            thread.start()
        load = curl.load(edge, document("bytes-10"), 20000, 20, 5)
        until(lambda: refused("durable") and refused("standard"), "the disk is not full")
        seen = len(counts["best-effort"])
        until(lambda: len(counts["best-effort"]) > seen + 40, "best effort does not go on")
        done.set()
        for thread in threads:
            thread.join()
        self.assertEqual(edge.stop(), 0)

        # Both kinds that need their record are refused with a reason, the third is always served.
        for name in ("durable", "standard"):
            last = counts[name][-1]
            self.assertEqual(last.status, 503)
            self.assertEqual(json.loads(bytes(last.body))["resourceType"], "OperationOutcome")
            self.assertIn("audit-unavailable", bytes(last.body).decode())
        self.assertEqual({answer.status for answer in counts["best-effort"]}, {200})

        # The account, which only the edge's own log can tell by then: each request is in it, and
        # what was carried out unrecorded is exactly what the log of decisions lacks.
        line = [line for line in edge.log().splitlines() if "account of the failed" in line][-1]
        sums = {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", line)}
        asked = sum(map(len, counts.values())) + load["2xx"] + load["5xx"]
        self.assertEqual(sums["decided"], asked)
        self.assertEqual(sums["decided"], sums["committed"] + sums["refused"] + sums["lost"])
        decisions = [json.loads(line) for line in edge.audit_text().splitlines()
                     if '"kind":"decision"' in line]
        recorded = {decision["id"] for decision in decisions}
        # A failed write may have left some of what counts as lost.
        self.assertGreaterEqual(len(recorded), sums["committed"])
        disclosed = [answer.header("ehr-decision-id")
                     for name in ("durable", "best-effort") for answer in counts[name]
                     if answer.status == 200]
        unrecorded = [name for name in disclosed if name not in recorded]
        self.assertGreater(len(unrecorded), 40)
        self.assertLessEqual(len(unrecorded), sums["lost"])
        durable = {answer.header("ehr-decision-id") for answer in counts["durable"]}
        self.assertEqual([name for name in unrecorded if name in durable], [])
        self.assertEqual({d["durability"] for d in decisions},
                         {"durable", "standard", "best-effort"})

        # The next start goes on, and whoever verifies is told where the account ends.
        edge.file_blocks_max = None
        edge.start()
        self.assertEqual(edge.stop(), 0)
        said = edge.audit_command("verify", edge.folder / "audit", "--key",
                                  edge.folder / "signing.key.pub")
        self.assertIn(": whole\n", said)
        self.assertIn("(killed, or their log failed): 1\n", said)
