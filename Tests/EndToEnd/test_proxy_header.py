"""PROXY headers: a load balancer that passes bytes on says who connected to it."""

import socket
import struct

from harness import geo, h1, h2, policies, tls
from harness.case import EdgeCase
from harness.edge import Edge, Endpoint, check
from harness.origin import Origin

CHART = "/fhir/Observation?patient=p1&category=vital-signs"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def version1(source, family="TCP4"):
    """A header of version 1."""
    return f"PROXY {family} {source} 127.0.0.1 40000 443\r\n".encode()


def version2(source, command=0x21, family=0x11, extra=b""):
    """A header of version 2."""
    rest = socket.inet_aton(source) + socket.inet_aton("127.0.0.1")
    rest += struct.pack(">HH", 40000, 443) + extra
    return SIGNATURE + bytes([command, family]) + struct.pack(">H", len(rest)) + rest


class ProxyHeaders(EdgeCase):

    @classmethod
    def make(cls):
        cls.origin = Origin("us-west")
        return Edge({name: [Endpoint(cls.origin if name == "us-west" else Origin(name))]
                     for name in ("us-west", "us-central", "us-east")},
                    policy=policies.shipped(), patients=["p1,us-west,US-AZ,granted,"],
                    location=True, trusted=["127.0.8.0/24"],
                    listener=["proxy_protocol: require"])

    def client(self, preamble, kind=h2, source="127.0.8.1"):
        """A client behind a balancer."""
        client = kind.Connection(self.edge.port, source=source, preamble=preamble)
        self.addCleanup(client.close)
        return client

    def place(self, answer):
        """Where the record says the client was, and who said so."""
        wanted = answer.header("ehr-decision-id")
        text = self.edge.audit_command(
            "show", self.edge.folder / "audit", "--decision", wanted,
            "--unseal", self.edge.folder / "pseudonym.key")
        return next(line for line in text.splitlines() if "who:" in line)

    def test_the_header_says_where_the_client_is(self):
        for header in (version1, version2):
            for kind in (h1, h2):
                with self.subTest(header=header.__name__, http=kind.__name__):
                    answer = self.client(header(geo.ARIZONA), kind).get(CHART)
                    self.assertEqual(answer.status, 200)
                    self.assertIn("rule=R-11", answer.header("ehr-policy"))
                    answer = self.client(header(geo.GERMANY), kind).get(CHART)
                    self.assert_outcome(answer, 403, "forbidden")
                    answer = self.client(header(geo.NOWHERE), kind).get(CHART)
                    self.assertIn("rule=R-14", answer.header("ehr-policy"))
        self.assertIn(geo.NOWHERE, self.place(answer))
        self.assertIn("trusted-proxy", self.place(answer))

    def test_the_origin_learns_the_clients_address(self):
        answer = self.client(version2(geo.ARIZONA)).get(CHART)
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.origin.requests[-1].header("x-forwarded-for"), geo.ARIZONA)

    def test_a_client_behind_the_balancer_is_not_believed(self):
        client = self.client(version2(geo.GERMANY))
        answer = client.get(CHART, [("x-forwarded-for", geo.ARIZONA)])
        self.assert_outcome(answer, 403, "forbidden")

    def test_a_header_in_pieces(self):
        header = version2(geo.ARIZONA, extra=b"\x04\x00\x03abc")
        pieces = [header[index:index + 1] for index in range(len(header))]
        self.assertEqual(self.client(pieces).get(CHART).status, 200)

    def test_the_balancers_own_checks_pass(self):
        header = SIGNATURE + bytes([0x20, 0, 0, 0])
        self.assertEqual(self.client(header).get("/fhir/metadata").status, 200)

    def refused(self, data, source="127.0.8.1"):
        """Whether the edge ends a connection that begins so, without an answer."""
        plain = tls.dial(self.edge.port, source)
        self.addCleanup(plain.close)
        plain.settimeout(5)
        try:
            plain.sendall(data)
            return plain.recv(1) == b""
        except ConnectionError:
            return True

    def test_what_is_no_header_ends_the_connection(self):
        for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32),
                     b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"PROXY UNKNOWN\r\n",
                     version1("127.0.0.1\t"), version2(geo.ARIZONA, family=0x12),
                     version2(geo.ARIZONA, extra=b"\x04"), version2(geo.ARIZONA, command=0x2f),
                     SIGNATURE + b"\x21\x00\x00\x00", SIGNATURE + b"\x21\x11\xff\xff" + bytes(64)):
            with self.subTest(data[:20]):
                self.assertTrue(self.refused(data))

    def test_nobody_but_a_trusted_balancer_connects(self):
        for source in ("127.0.0.1", "127.0.9.1"):
            self.assertTrue(self.refused(version2(geo.ARIZONA), source))
            # A TLS client without a header is none either.
            self.assertTrue(self.refused(b"\x16\x03\x01\x00\x05hello", source))

    def test_a_second_header_is_part_of_the_message(self):
        header = version2(geo.GERMANY) + version2(geo.ARIZONA)
        with self.assertRaises(OSError):
            self.client(header)

    def test_it_needs_somebody_to_believe(self):
        text = self.edge.configuration.read_text()
        alone = self.edge.folder / "alone.yaml"
        alone.write_text(text.replace("proxies: [127.0.8.0/24]", "proxies: []"))
        status, complaints = check(alone)
        self.assertEqual(status, 2, complaints)
        self.assertIn("`proxy_protocol: require` needs `trust.proxies`", complaints)
