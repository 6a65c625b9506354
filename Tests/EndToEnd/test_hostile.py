"""Floods and garbage: the process lives, and others do not notice."""

import re
import socket
import ssl

from harness import content, h2, tls
from harness.case import EdgeCase, document
from harness.edge import Edge, Endpoint
from harness.origin import Origin
from harness.waiting import until


class Hostile(EdgeCase):

    def setUp(self):
        super().setUp()
        self.honest = self.h2()
        self.gated = self.honest.request("GET", document("gated-200000-100000"))
        until(lambda: self.origin.seen("gated"), "the honest request")

    def tearDown(self):
        self.origin.release(2)
        answer = self.honest.finish(self.gated)
        self.assertEqual(content.sha256(answer.body), content.sha256_of(200_000),
                         "another client's stream was harmed")
        super().tearDown()

    def dial(self):
        """A TCP connection, closed at the test's end."""
        plain = tls.dial(self.edge.port)
        self.addCleanup(plain.close)
        return plain

    def test_garbage_on_the_tls_port(self):
        for data in (b"\0" * 1000, b"\xff" * 70_000, content.body(5000), b"\x16\x03\x01\xff\xff",
                     b"\x16\x03\x01\x00\x05hello", b"SSH-2.0-OpenSSH\r\n"):
            with self.subTest(data=data[:8]):
                plain = self.dial()
                try:
                    plain.sendall(data)
                    plain.shutdown(socket.SHUT_WR)
                except OSError:
                    pass  # It was cut off already.
                self.assertTrue(tls.is_closed(plain))

    def test_plain_http_on_the_tls_port(self):
        plain = self.dial()
        plain.sendall(b"GET /fhir/metadata HTTP/1.1\r\nHost: edge.homeward.example\r\n\r\n")
        self.assertTrue(tls.is_closed(plain))

    def test_garbage_inside_tls(self):
        for alpn in (("h2",), ("http/1.1",)):
            connection = tls.connect(self.edge.port, alpn=alpn)
            self.addCleanup(connection.close)
            try:
                connection.sendall(content.body(100_000))
            except OSError:
                pass  # It was cut off already.
            self.assertTrue(tls.is_closed(connection))

    def test_a_protocol_that_the_edge_does_not_speak(self):
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            tls.connect(self.edge.port, alpn=("spdy/3",)).close()

    def test_certificates_that_are_not_to_be_believed(self):
        for name in ("wrong", "expired-client"):
            with self.subTest(certificate=name):
                with self.assertRaises((ssl.SSLError, ConnectionError)):
                    connection = tls.connect(self.edge.port, certificate=name)
                    self.addCleanup(connection.close)
                    # TLS 1.3 tells a refused client at its first read.
                    if not connection.recv(1):
                        raise ConnectionError("ended")
                    connection.recv(1 << 16)
                    while connection.recv(1 << 16):
                        pass
                    raise ConnectionError("ended")

    def test_a_certificate_that_is(self):
        client = self.h2(certificate="client")
        self.assertEqual(client.get(document("bytes-10")).status, 200)

    def test_handshakes_that_stop(self):
        connections = [self.dial() for _ in range(50)]
        for connection in connections:
            connection.sendall(b"\x16\x03\x01\x02\x00\x01")
        self.assertEqual(self.honest.get(document("bytes-10")).status, 200)

    def test_a_flood_of_resets_is_ended(self):
        client = self.h2()
        for _ in range(20):
            frames = []
            for _ in range(100):
                stream, head = client.head("GET", document("bytes-10"))
                frames += [head, h2.frame(h2.RST_STREAM, 0, stream, b"\0\0\0\x08")]
            try:
                client.send(*frames)
                client.poll()
            except OSError:
                break
        self.assertEqual(self.honest.get(document("bytes-10")).status, 200)
        client.wait_closed()
        self.assertTrue(client.goaways, "no GOAWAY before the end")
        self.assertNotEqual(client.goaways[-1][1], 0)
        until(lambda: self.origin.under_way() == 1, "the flood's requests to end")

    def test_a_flood_of_refused_requests_is_ended(self):
        """Each is answered and recorded, so their number on one connection is bounded."""
        client = self.h2()
        for _ in range(20):
            try:
                client.send(*(client.head("GET", "/fhir/a%2fb")[1] for _ in range(100)))
                client.poll()
            except OSError:
                break
        client.wait_closed()
        self.assertTrue(client.goaways, "no GOAWAY before the end")
        self.assertNotEqual(client.goaways[-1][1], 0)
        self.assertEqual(self.honest.get(document("bytes-10")).status, 200)
        refused = self.edge.audit_text().count('"target-not-canonical"')
        self.assertLess(refused, 400)

    def test_floods_of_control_frames_cost_nothing(self):
        self.edge.forget_peak()
        before = self.edge.resident()
        for name, data in {
            "SETTINGS": h2.frame(h2.SETTINGS, 0, 0, b""), "PING": h2.frame(h2.PING, 0, 0, bytes(8)),
            "empty DATA": h2.frame(h2.DATA, 0, 1, b""),
            "PRIORITY": h2.frame(h2.PRIORITY, 0, 1, b"\0\0\0\x03\x10"),
        }.items():
            with self.subTest(name):
                client = self.h2()
                _, head = client.head("POST", document("hang"), end=False)
                client.send(head)
                # Not read meanwhile: what the edge wants to answer piles up on its side.
                client.socket.settimeout(2)
                try:
                    for _ in range(100):
                        client.send(data * 1000)
                except (OSError, ssl.SSLError):
                    pass
                self.assertEqual(self.honest.get(document("bytes-10")).status, 200)
                client.close()
        self.assertLess(self.edge.resident(peak=True) - before, 32 * content.MEGABYTE)

    def test_a_flood_of_continuations_is_ended(self):
        client = self.h2()
        frames = [h2.frame(h2.HEADERS, 0, 1, b"")]
        frames += [h2.frame(h2.CONTINUATION, 0, 1, b"\0\x01a\x01b" * 100)] * 200
        try:
            client.send(*frames)
        except OSError:
            pass
        client.wait_closed()

    def test_a_header_bomb_is_ended(self):
        client = self.h2()
        # One entry of 4,000 bytes, named 10,000 times by one byte each: 40 MB of fields.
        block = b"\x82\x84\x87" + b"\x40\x01a" + b"\x7f\xa1\x1e" + b"b" * 4000
        client.send(h2.frame(h2.HEADERS, 5, 1, block + b"\xbe" * 10_000))
        client.streams[1] = h2.Stream()
        client.wait(lambda: client.streams[1].is_over or client.goaways, "a refusal")
        self.assertNotEqual(client.streams[1].status, 200)


class RequiredCertificate(EdgeCase):
    """Nobody without a certificate."""

    @classmethod
    def settings(cls):
        return {"client_certificates": "require"}

    def test_without_one_there_is_no_connection(self):
        with self.assertRaises((ssl.SSLError, ConnectionError, AssertionError)):
            self.h2().get(document("bytes-10"))
        self.assertEqual(self.origin.seen("bytes"), [])

    def test_with_one_there_is(self):
        self.assertEqual(self.h2(certificate="client").get(document("bytes-10")).status, 200)


class FewDescriptors(EdgeCase):
    """An edge that may open 64 descriptors."""

    @classmethod
    def make(cls):
        cls.origin = Origin("west")
        return Edge({"west": [Endpoint(cls.origin)]}, loops=1, descriptors_max=64)

    def test_a_full_table_sheds_clients_and_recovers(self):
        first = self.h2()
        self.assertEqual(first.get(document("bytes-10")).status, 200)
        crowd = []
        for _ in range(100):
            plain = tls.dial(self.edge.port)
            self.addCleanup(plain.close)
            crowd.append(plain)
        until(lambda: "descriptor table full" in self.edge.log(), "the edge to say so")
        self.assertEqual(first.get(document("bytes-10")).status, 200)
        until(lambda: any(tls.is_closed(plain, 0.01) for plain in crowd), "a client to be shed")
        for plain in crowd:
            plain.close()
        until(lambda: self.edge.descriptor_count() < 40, "the descriptors to come back")
        until(lambda: self.fetch(document("bytes-10")).status == 200, "the edge to recover")
        self.assertLess(self.edge.log().count("descriptor table full"), 200)


class FewClients(EdgeCase):
    """An edge that takes 16 clients at once."""

    @classmethod
    def settings(cls):
        return {"limits": {"client_connections": 16}, "loops": 1}

    def test_clients_above_the_bound_are_dropped_and_counted(self):
        first = self.h2()
        crowd = [tls.dial(self.edge.port) for _ in range(40)]
        for plain in crowd:
            self.addCleanup(plain.close)
        until(lambda: sum(map(int, re.findall(r"dropped=(\d+)", self.edge.log()))) == 25,
              "the edge to say so")
        self.assertEqual(first.get(document("bytes-10")).status, 200)
        self.assertLess(self.edge.log().count("too many client connections"), 5)
