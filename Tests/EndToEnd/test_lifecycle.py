"""Start, drain and reload."""

import re
import shutil
import signal
import socket
import ssl
import unittest

from harness import content, curl, h1, h2, policies, tls, workshop
from harness.case import document
from harness.edge import Edge, Endpoint, check
from harness.origin import Origin
from harness.programs import Nginx
from harness.waiting import until


class Start(unittest.TestCase):
    """What is wrong is said with its place, and nothing starts."""

    def setUp(self):
        self.edge = Edge({"west": [Endpoint(Origin("west"))]})

    def complaints(self):
        """Runs an edge that must not start: what it says."""
        self.edge.launch()
        self.addCleanup(self.edge.kill)
        self.assertEqual(self.edge.wait(), 2, self.edge.log())
        self.assertFalse(self.edge.ready_file.exists())
        status, text = check(self.edge.configuration)
        self.assertEqual(status, 2)
        self.assertIn(text.splitlines()[0], self.edge.log())
        return self.edge.log()

    def assert_complaint(self, file, pattern):
        """One complaint has a place in that file and matches."""
        self.assertRegex(self.complaints(), rf"{re.escape(str(file))}:\d+:\d+: .*{pattern}")

    def replace(self, file, old, new):
        """Changes a file."""
        text = file.read_text()
        self.assertIn(old, text)
        file.write_text(text.replace(old, new, 1))

    def test_a_missing_directory_file(self):
        self.edge.directory_file.unlink()
        self.assert_complaint(self.edge.configuration, "directory.csv.*does not exist")

    def test_a_broken_directory_file(self):
        self.edge.directory_file.write_text(
            "patient,home,residency,consent,flags\np1,moon,,granted,\n")
        self.assert_complaint(self.edge.directory_file, "")
        self.assertNotIn("p1,", self.edge.log())

    def test_a_missing_certificate(self):
        (self.edge.folder / "certificates" / "server.pem").unlink()
        self.assert_complaint(self.edge.configuration, "server.pem.*does not exist")

    def test_a_key_of_another_certificate(self):
        shutil.copy(self.edge.folder / "certificates" / "client.key",
                    self.edge.folder / "certificates" / "server.key")
        self.assert_complaint(self.edge.configuration, "server")

    def test_an_unknown_key(self):
        self.replace(self.edge.configuration, "instance: edge-test", "instanze: edge-test")
        self.assert_complaint(self.edge.configuration, "instanze")
        self.assertIn("`instance`", self.edge.log())

    def test_a_wrong_unit(self):
        self.replace(self.edge.configuration, "drain: 10s", "drain: 10 parsecs")
        self.assert_complaint(self.edge.configuration, "drain")

    def test_a_policy_that_contradicts_itself(self):
        self.replace(self.edge.policy_file, "    overrides: [T-1]\n", "")
        self.assert_complaint(self.edge.policy_file, "T-1")

    def test_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            self.replace(self.edge.configuration, "127.0.0.1:0", f"127.0.0.1:{port}")
            self.edge.launch()
            self.addCleanup(self.edge.kill)
            self.assertEqual(self.edge.wait(), 1, self.edge.log())
            self.assertIn(f"127.0.0.1:{port}", self.edge.log())
            self.assertFalse(self.edge.ready_file.exists())

    def test_all_mistakes_at_once(self):
        self.edge.directory_file.unlink()
        self.replace(self.edge.configuration, "instance: edge-test", "instanze: edge-test")
        self.replace(self.edge.configuration, "drain: 10s", "drain: soon")
        places = set(re.findall(r"homeward\.yaml:(\d+):\d+: ", self.complaints()))
        self.assertGreaterEqual(len(places), 3)

    def test_a_configuration_that_is_right(self):
        self.assertEqual(check(self.edge.configuration), (0, ""))


class Drain(unittest.TestCase):
    """SIGTERM: requests under way finish, then the edge ends with 0."""

    def setUp(self):
        self.origin = Origin("west")
        self.edge = Edge({"west": [Endpoint(self.origin)]}, timeouts={"drain": "8s"})
        self.edge.start()
        self.addCleanup(self.edge.kill)

    def connect(self):
        """A raw client, closed at the test's end."""
        client = h2.Connection(self.edge.port)
        self.addCleanup(client.close)
        return client

    def test_two_goaways_and_an_answer_between(self):
        client = self.connect()
        stream = client.request("GET", document("gated-200000-100000"))
        until(lambda: self.origin.seen("gated"), "the request")
        self.edge.signal(signal.SIGTERM)
        client.wait(lambda: client.goaways, "the first GOAWAY")
        self.assertEqual(client.goaways[0], (2**31 - 1, 0))
        late = client.request("GET", document("bytes-10"))
        self.assertEqual(client.finish(late).status, 200)
        client.wait(lambda: len(client.goaways) > 1, "the second GOAWAY")
        self.assertEqual(client.goaways[1], (late, 0))
        with self.assertRaises(OSError):
            tls.connect(self.edge.port)
        self.assertTrue(self.edge.is_alive())
        self.origin.release(2)
        answer = client.finish(stream)
        self.assertEqual(content.sha256(answer.body), content.sha256_of(200_000))
        self.assertEqual(self.edge.wait(), 0, self.edge.log())

    def test_an_http1_request_under_way_finishes(self):
        client = h1.Connection(self.edge.port)
        self.addCleanup(client.close)
        client.request("GET", document("gated-200000-100000"))
        until(lambda: self.origin.seen("gated"), "the request")
        self.edge.signal(signal.SIGTERM)
        until(lambda: "draining" in self.edge.log(), "the drain")
        self.origin.release(2)
        answer = client.response()
        self.assertEqual(content.sha256(answer.body), content.sha256_of(200_000))
        self.assertTrue(client.is_closed())
        self.assertEqual(self.edge.wait(), 0, self.edge.log())

    def test_idle_clients_do_not_hold_it(self):
        client = self.connect()
        self.assertEqual(client.get(document("bytes-10")).status, 200)
        plain = tls.dial(self.edge.port)
        self.addCleanup(plain.close)
        self.assertEqual(self.edge.stop(within=6), 0, self.edge.log())

    def test_the_drain_has_an_end(self):
        client = self.connect()
        stream = client.request("GET", document("hang"))
        until(lambda: self.origin.seen("hang"), "the request")
        self.assertEqual(self.edge.stop(within=14), 0, self.edge.log())
        client.wait(lambda: client.streams[stream].is_over or client.is_closed, "the cut")
        self.assertIsNone(client.streams[stream].status)

    def test_an_unused_edge_ends(self):
        self.assertEqual(self.edge.stop(within=5), 0)


class Reload(unittest.TestCase):
    """SIGHUP: what is right comes into force, what is wrong changes nothing; no request fails."""

    def setUp(self):
        nginx = Nginx("west", tls=False)
        self.addCleanup(nginx.kill)
        self.edge = Edge({"west": [Endpoint(nginx)]}, patients=["p2,west,US-AZ,granted,"])
        self.edge.start()
        self.addCleanup(self.edge.kill)

    def tearDown(self):
        self.assertEqual(self.edge.stop(), 0, self.edge.log()[-4000:])

    def version(self):
        """The policy version that decides now."""
        header = curl.fetch(self.edge, document("bytes-1024", "p2")).header("ehr-policy")
        return int(re.search(r"version=(\d+)", header)[1])

    def adopt(self, version):
        """Puts a policy version in place and waits until it decides, on every loop."""
        self.edge.policy_file.write_text(policies.transport(["west"], version=version))
        self.edge.signal(signal.SIGHUP)
        until(lambda: f"version={version}" in self.edge.log(), "the adoption")
        until(lambda: all(self.version() == version for _ in range(4)), f"version {version}")

    def test_what_waits_for_a_restart_is_named(self):
        text = self.edge.configuration.read_text()
        self.assertIn("loops: 2", text)
        self.edge.configuration.write_text(text.replace("loops: 2", "loops: 1"))
        self.adopt(2)
        until(lambda: "`loops` has changed" in self.edge.log(), self.edge.log)
        for key in ("audit", "cache.size", "cache.sealing_key", "cache.disk"):
            self.assertNotIn(f"`{key}` has changed", self.edge.log())

    def test_policies_change_under_load(self):
        load = curl.Load(self.edge, document("bytes-1024", "p2"), 60_000, clients=8, streams=4)
        load.wait_progress(10)
        self.assertEqual(self.version(), 1)
        for version in range(2, 6):
            self.adopt(version)
        self.edge.policy_file.write_text("policy: transport\nversion: nine\n")
        self.edge.signal(signal.SIGHUP)
        until(lambda: "the old configuration stays" in self.edge.log(), "the complaint")
        self.assertRegex(self.edge.log(), r"policy\.yaml:\d+:\d+: ")
        self.assertEqual(self.version(), 5)
        self.adopt(6)
        counts = load.finish()
        self.assertEqual(counts["2xx"], 60_000, "\n".join(load.lines[-12:]))

    def test_certificates_change(self):
        def served():
            connection = tls.connect(self.edge.port, authority=authority)
            try:
                return connection.getpeercert(binary_form=True)
            finally:
                connection.close()

        authority = self.edge.authority
        before = served()
        old = h2.Connection(self.edge.port)
        self.addCleanup(old.close)
        fresh = workshop.make_certificates()
        for name in ("server.pem", "server.key"):
            shutil.copy(fresh / name, self.edge.folder / "certificates" / name)
        authority = fresh / "ca.pem"
        with self.assertRaises(ssl.SSLError):
            served()
        self.edge.signal(signal.SIGHUP)

        def is_new():
            try:
                return served() != before
            except ssl.SSLError:
                return False

        until(lambda: all(is_new() for _ in range(4)), "the new certificate")
        self.assertEqual(old.get(document("bytes-1024", "p2")).status, 200)

    def test_a_patient_moves_in(self):
        path = document("bytes-1024", "p1001")
        self.assertEqual(curl.fetch(self.edge, path).status, 503)
        with self.edge.directory_file.open("a") as file:
            file.write("p1001,west,US-AZ,granted,\n")
        self.edge.signal(signal.SIGHUP)
        until(lambda: curl.fetch(self.edge, path).status == 200, "the patient")

    def test_an_endpoint_is_added_and_another_removed(self):
        second = Origin("west", "west-2")
        first = self.edge.regions["west"][0]
        client = h2.Connection(self.edge.port)
        self.addCleanup(client.close)
        self.assertEqual(client.get(document("bytes-1024", "p2")).status, 200)
        self.edge.regions = {"west": [Endpoint(second)]}
        self.edge.configure()
        self.edge.signal(signal.SIGHUP)
        until(lambda: "west-2" in self.edge.endpoints("healthy"), "the new endpoint")
        until(lambda: 'next-hop="west-2"' in client.get(
            document("bytes-1024", "p2")).header("proxy-status"), "the new endpoint in use")
        self.edge.regions = {"west": [first]}
        self.edge.configure()
        self.edge.signal(signal.SIGHUP)
        until(lambda: second.connection_count() == 0, "the old connections to end")
        self.assertEqual(client.get(document("bytes-1024", "p2")).status, 200)
