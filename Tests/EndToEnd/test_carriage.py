"""Every kind of client through the edge to every kind of origin."""

from harness import content, fhir
from harness.case import EdgeCase, document, operation
from harness.edge import MUTUAL_TLS, TLS, Edge, Endpoint
from harness.origin import Origin
from harness.programs import Nghttpx, Nginx

CLIENTS = ["--http2", "--http1.1"]
#: Which patient is at home behind which kind of origin.
ORIGINS = {"http1": "p1", "nginx-tls": "p2", "nghttpx-mtls": "p3", "h2-cleartext": "p4"}
PAIRS = [(client, name, patient) for client in CLIENTS for name, patient in ORIGINS.items()]


class Carriage(EdgeCase):
    """One edge with four regions, each behind another kind of origin."""

    @classmethod
    def make(cls):
        cls.origins = {name: Origin(name) for name in ORIGINS}
        nginx = Nginx("nginx-tls", behind=cls.origins["nginx-tls"])
        mutual = Nghttpx(cls.origins["nghttpx-mtls"])
        clear = Nghttpx(cls.origins["h2-cleartext"], tls=False)
        for program in (nginx, mutual, clear):
            cls.addClassCleanup(program.kill)
        return Edge({
            "http1": [Endpoint(cls.origins["http1"])],
            "nginx-tls": [Endpoint(nginx, tls=TLS)],
            "nghttpx-mtls": [Endpoint(mutual, protocol="http2", tls=MUTUAL_TLS)],
            "h2-cleartext": [Endpoint(clear, protocol="http2")],
        })

    def setUp(self):
        for origin in self.origins.values():
            origin.forget()

    def test_get_carries_a_megabyte(self):
        for client, name, patient in PAIRS:
            with self.subTest(client=client, origin=name):
                reply = self.fetch(document(f"bytes-{content.MEGABYTE}", patient), http=client)
                self.assertEqual((reply.code, reply.status), (0, 200), reply)
                self.assertEqual(reply.http, client.removeprefix("--http"))
                self.assertEqual(reply.sha256, content.sha256_of(content.MEGABYTE))
                self.assertEqual(reply.header("ehr-region"), name)

    def test_older_tls_and_newer(self):
        for version in ("1.2", "1.3"):
            with self.subTest(version=version):
                reply = self.fetch(document("bytes-1000"), f"--tlsv{version}", "--tls-max", version)
                self.assertEqual((reply.code, reply.status), (0, 200), reply)
        self.assertEqual(self.fetch(document("bytes-1000"), "--tls-max", "1.1").status, 0)

    def test_head_has_the_length_and_no_body(self):
        for client, name, patient in PAIRS:
            with self.subTest(client=client, origin=name):
                reply = self.fetch(
                    document(f"bytes-{content.MEGABYTE}", patient), "--head", http=client)
                self.assertEqual((reply.code, reply.status), (0, 200), reply)
                self.assertEqual(reply.header("content-length"), str(content.MEGABYTE))

    def test_put_and_post_carry_a_megabyte(self):
        file = self.edge.folder / "megabyte"
        for client, name, patient in PAIRS:
            with self.subTest(client=client, origin=name):
                for method, path, kind, body in [
                    ("PUT", document("echo", patient), fhir.JSON,
                     fhir.scan(patient, content.MEGABYTE)),
                    ("POST", operation("echo", patient), "application/octet-stream",
                     content.body(content.MEGABYTE)),
                ]:
                    file.write_bytes(body)
                    reply = self.fetch(
                        path, "-X", method, "--data-binary", f"@{file}",
                        "-H", f"Content-Type: {kind}", http=client)
                    self.assertEqual((reply.code, reply.status), (0, 200), reply)
                    told = reply.json
                    self.assertEqual(told["method"], method)
                    self.assertEqual(told["body_count"], len(body))
                    self.assertEqual(told["body_sha256"], content.sha256(body))
                    headers = dict(map(tuple, told["headers"]))
                    self.assertEqual(headers["content-type"], kind)

    def test_upload_without_a_length(self):
        file = self.edge.folder / "unsized"
        file.write_bytes(content.body(300_000))
        for client, name, patient in PAIRS:
            with self.subTest(client=client, origin=name):
                reply = self.fetch(
                    operation("echo", patient), "-X", "POST", "-T", "-", "-H", "Expect:",
                    http=client, stdin=file)
                self.assertEqual((reply.code, reply.status), (0, 200), reply)
                self.assertEqual(reply.json["body_sha256"], content.sha256_of(300_000))

    def test_chunked_answers(self):
        for client, name, patient in PAIRS:
            with self.subTest(client=client, origin=name):
                reply = self.fetch(document("chunked-200000", patient), http=client)
                self.assertEqual((reply.code, reply.status), (0, 200), reply)
                self.assertEqual(reply.sha256, content.sha256_of(200_000))

    def test_empty_bodies(self):
        for client, name, patient in PAIRS:
            with self.subTest(client=client, origin=name):
                self.assertEqual(self.fetch(document("bytes-0", patient), http=client).body, b"")
                reply = self.fetch(operation("echo", patient), "-X", "POST", "-d", "", http=client)
                self.assertEqual((reply.status, reply.json["body_count"]), (200, 0))
                for status in (204, 304):
                    reply = self.fetch(document(f"status-{status}", patient), http=client)
                    self.assertEqual((reply.code, reply.status, reply.body), (0, status, b""))
                    self.assertEqual(reply.header("etag"), '"1"')

    def test_seventy_megabytes_down_in_constant_memory(self):
        for client, name, patient in PAIRS:
            with self.subTest(client=client, origin=name):
                self.edge.forget_peak()
                reply = self.fetch(document(f"bytes-{content.LARGE}", patient), http=client)
                self.assertEqual((reply.code, reply.status), (0, 200), reply)
                self.assertEqual(reply.sha256, content.sha256_of(content.LARGE))
                self.assertLess(self.edge.resident(peak=True), 100 * content.MEGABYTE)

    def test_seventy_megabytes_up_in_constant_memory(self):
        file = self.edge.folder / "large"
        for client, name, patient in PAIRS:
            body = fhir.scan(patient, content.LARGE)
            file.write_bytes(body)
            for method, path in (("PUT", document("echo", patient)),
                                 ("POST", operation("echo", patient))):
                with self.subTest(client=client, origin=name, method=method):
                    self.edge.forget_peak()
                    kind = fhir.JSON if method == "PUT" else "application/octet-stream"
                    reply = self.fetch(path, "-T", file, "-X", method,
                                       "-H", f"Content-Type: {kind}", http=client)
                    self.assertEqual((reply.code, reply.status), (0, 200), reply)
                    self.assertEqual(reply.json["body_sha256"], content.sha256(body))
                    self.assertLess(self.edge.resident(peak=True), 100 * content.MEGABYTE)

    def test_an_answer_that_the_connections_end_ends(self):
        for client in CLIENTS:
            with self.subTest(client=client):
                reply = self.fetch(document("untold-100000"), http=client)
                self.assertEqual((reply.code, reply.status), (0, 200), reply)
                self.assertEqual(reply.sha256, content.sha256_of(100_000))

    def test_bodies_around_the_window(self):
        client = self.h2()
        for patient in ORIGINS.values():
            for count in (16_383, 16_384, 16_385, 65_534, 65_535, 65_536, 65_537):
                with self.subTest(patient=patient, count=count):
                    path = document(f"trailers-{count}", patient)
                    answer = client.get(path, [("te", "trailers")])
                    self.assertEqual((answer.status, answer.reset), (200, None))
                    self.assertEqual(content.sha256(answer.body), content.sha256_of(count))


class OriginIdentity(EdgeCase):
    """An origin that is not who it should be gets nothing."""

    @classmethod
    def make(cls):
        cls.origin = Origin("strict")
        nghttpx = Nghttpx(cls.origin)
        nginx = Nginx("misnamed")
        stranger = Nginx("stranger")
        for program in (nghttpx, nginx, stranger):
            cls.addClassCleanup(program.kill)
        wrong = {"server_name": "other.homeward.example",
                 "authorities": "certificates/origin-ca.pem"}
        distrusted = TLS | {"authorities": "certificates/wrong-ca.pem"}
        return Edge({
            "strict": [Endpoint(nghttpx, protocol="http2", tls=TLS)],
            "misnamed": [Endpoint(nginx, tls=wrong)],
            "stranger": [Endpoint(stranger, tls=distrusted)],
        })

    @classmethod
    def setUpClass(cls):
        cls.edge = cls.make()
        cls.edge.start(healthy=False)

    def test_no_request_reaches_an_unproved_origin(self):
        for patient in ("p1", "p2", "p3"):
            with self.subTest(patient=patient):
                reply = self.fetch(document("bytes-1024", patient))
                self.assertIn(reply.status, (502, 503))
                self.assertEqual(reply.json["resourceType"], "OperationOutcome")
        self.assertEqual(self.origin.seen("bytes"), [])
        self.assertEqual(self.edge.endpoints("healthy"), set())
