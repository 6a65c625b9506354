"""The base of all tests: an edge for each class, and claims about answers."""

import json
import unittest

from . import curl, h1, h2
from .edge import Edge, Endpoint
from .origin import Origin


class EdgeCase(unittest.TestCase):
    """Tests that share one edge, which must live through all of them and end well."""

    edge = None

    @classmethod
    def make(cls):
        """Makes the edge and its origins; overridden where one scripted origin is not enough."""
        cls.origin = Origin("west")
        return Edge({"west": [Endpoint(cls.origin)]}, **cls.settings())

    @classmethod
    def settings(cls):
        """What the class wants different in the edge's configuration."""
        return {}

    @classmethod
    def setUpClass(cls):
        cls.edge = cls.make()
        cls.edge.start()

    @classmethod
    def tearDownClass(cls):
        status = cls.edge.stop()
        assert status == 0, f"the edge ended with {status}: {cls.edge.log()[-4000:]}"

    def setUp(self):
        origin = getattr(self, "origin", None)
        if isinstance(origin, Origin):
            origin.forget()

    def tearDown(self):
        self.assertTrue(self.edge.is_alive(), f"the edge died: {self.edge.log()[-4000:]}")

    # Clients.

    def fetch(self, path, *arguments, **options):
        """One request with curl, over HTTP/2 unless told otherwise."""
        return curl.fetch(self.edge, path, *arguments, **options)

    def h2(self, **options):
        """A raw HTTP/2 client, closed at the test's end."""
        client = h2.Connection(self.edge.port, **options)
        self.addCleanup(client.close)
        return client

    def h1(self, **options):
        """A raw HTTP/1.1 client, closed at the test's end."""
        client = h1.Connection(self.edge.port, **options)
        self.addCleanup(client.close)
        return client

    # Claims.

    def assert_outcome(self, reply, status, code):
        """The answer is a refusal of that status whose OperationOutcome says `code`."""
        self.assertEqual(reply.status, status, reply)
        self.assertEqual(reply.header("content-type"), "application/fhir+json")
        outcome = reply.json if hasattr(reply, "json") else json.loads(bytes(reply.body))
        self.assertEqual(outcome["resourceType"], "OperationOutcome")
        self.assertEqual(outcome["issue"][0]["details"]["coding"][0]["code"], code)
        self.assertIn("homeward", reply.header("proxy-status"))
        self.assertRegex(reply.header("ehr-decision-id"), "^[0-9a-f]{32}$")


def document(behaviour, patient="p1"):
    """The path of a document that behaves so when it is read."""
    return f"/fhir/DocumentReference/{patient}.{behaviour}"


def operation(behaviour, patient="p1"):
    """The path of an operation that behaves so when it is called with POST."""
    return f"/fhir/Patient/{patient}/${behaviour}"
