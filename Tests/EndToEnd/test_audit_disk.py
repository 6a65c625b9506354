"""A disk that takes no more under load: nothing is disclosed without its record."""

import json
import threading
import unittest

from harness import curl, h2, policies
from harness.case import document, operation
from harness.edge import Edge, Endpoint
from harness.origin import Origin


def mixed(region):
    """Writes are durable, reads are not."""
    head, mark, tail = policies.transport([region]).partition("  - id: T-2")
    return head + mark + tail.replace("audit: durable", "audit: standard", 1)


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
