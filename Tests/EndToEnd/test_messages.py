"""What a message has beside its body: trailers, interim answers, expectations, large heads."""

import time

from harness import content, h2, policies
from harness.case import EdgeCase, document, operation
from harness.edge import MUTUAL_TLS, Edge, Endpoint
from harness.origin import Origin
from harness.programs import Nghttpx


class Messages(EdgeCase):
    """An HTTP/1.1 origin (p1), and the same behind an HTTP/2 one (p2)."""

    @classmethod
    def make(cls):
        cls.origin, cls.second = Origin("west"), Origin("east")
        nghttpx = Nghttpx(cls.second)
        cls.addClassCleanup(nghttpx.kill)
        # Interim answers are disclosed only where the record need not be on disk first.
        return Edge({"west": [Endpoint(cls.origin)],
                     "east": [Endpoint(nghttpx, protocol="http2", tls=MUTUAL_TLS)]},
                    policy=policies.transport(["west", "east"], audit="standard"))

    def test_trailers_down(self):
        for patient in ("p1", "p2"):
            path = document("trailers-70000", patient)
            expected = [("x-checksum", content.sha256_of(70_000))]
            with self.subTest(client="h2", patient=patient):
                answer = self.h2().get(path, [("te", "trailers")])
                self.assertEqual(answer.trailers, expected)
                self.assertEqual(content.sha256(answer.body), expected[0][1])
            with self.subTest(client="h1", patient=patient):
                answer = self.h1().get(path, [("TE", "trailers"), ("Connection", "TE")])
                self.assertTrue(answer.is_complete)
                self.assertEqual(answer.trailers, expected)

    def test_trailers_without_a_body(self):
        answer = self.h2().get(document("trailers-0"), [("te", "trailers")])
        self.assertEqual((answer.status, bytes(answer.body)), (200, b""))
        self.assertEqual(answer.trailers, [("x-checksum", content.sha256_of(0))])

    def test_trailers_up(self):
        for patient, origin in (("p1", self.origin), ("p2", self.second)):
            path = operation("echo", patient)
            with self.subTest(client="h2", patient=patient):
                client = self.h2()
                stream = client.request(
                    "POST", path, [("te", "trailers")], body=b"hello", trailers=[("x-sum", "5")])
                self.assertEqual(client.finish(stream).status, 200)
                self.assertEqual(origin.requests[-1].trailers, [("x-sum", "5")])
            with self.subTest(client="h1", patient=patient):
                client = self.h1()
                client.send(
                    f"POST {path} HTTP/1.1\r\nHost: edge.homeward.example\r\n"
                    "Transfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n"
                    "5\r\nhello\r\n0\r\nx-sum: 5\r\n\r\n")
                self.assertEqual(client.response().status, 200)
                self.assertEqual(origin.requests[-1].trailers, [("x-sum", "5")])

    def test_interim_answers_are_passed_on(self):
        for patient in ("p1", "p2"):
            path = document("hints", patient)
            for name, connect in (("h2", self.h2), ("h1", self.h1)):
                with self.subTest(client=name, patient=patient):
                    answer = connect().get(path)
                    self.assertEqual((answer.status, bytes(answer.body)), (200, b"hinted"))
                    self.assertEqual([status for status, _ in answer.informational], [103])
                    self.assertIn("link", dict(answer.informational[0][1]))

    def test_expectation_is_answered_before_the_body_is_sent(self):
        client = self.h1()
        client.send(f"POST {operation('echo')} HTTP/1.1\r\nHost: edge.homeward.example\r\n"
                    "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        self.assertEqual(client.interim()[0], 100)
        client.send("hello")
        answer = client.response()
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.origin.requests[-1].body_count, 5)
        self.assertIsNone(self.origin.requests[-1].header("expect"))

    def test_expectation_over_http2(self):
        client = self.h2()
        stream, frames = client.head(
            "POST", operation("echo"), [("expect", "100-continue"), ("content-length", "5")],
            end=False)
        client.send(frames)
        state = client.streams[stream]
        client.wait(lambda: state.informational or state.is_over, "100 Continue")
        self.assertEqual([status for status, _ in state.informational], [100])
        client.upload(stream, b"hello")
        self.assertEqual(client.finish(stream).status, 200)

    def test_a_refused_expectation_asks_for_no_body(self):
        client = self.h1()
        client.send("PUT /fhir/DocumentReference/nobody.echo HTTP/1.1\r\n"
                    "Host: edge.homeward.example\r\nExpect: 100-continue\r\n"
                    "Content-Length: 5\r\n\r\n")
        answer = client.response()
        self.assertEqual((answer.status, answer.informational), (503, []))

    def test_a_refusal_does_not_wait_for_the_body(self):
        file = self.edge.folder / "refused"
        for count in (2, 100_000, 3_000_000):
            file.write_bytes(content.body(count))
            for http in ("--http2", "--http1.1"):
                with self.subTest(http=http, count=count):
                    reply = self.fetch(operation("echo", "nobody"), "--data-binary", f"@{file}",
                                       http=http)
                    self.assert_outcome(reply, 503, "home-region-unknown")

    def test_large_request_heads(self):
        value = "v" * 10_000
        headers = [(f"x-large-{index}", value) for index in range(5)]
        for name, connect in (("h2", self.h2), ("h1", self.h1)):
            with self.subTest(client=name):
                self.assertEqual(connect().get(document("echo"), headers).status, 200)
                self.assertEqual(
                    [v for n, v in self.origin.requests[-1].headers if n.startswith("x-large")],
                    [value] * 5)

    def test_too_large_request_heads(self):
        headers = [(f"x-large-{index}", "v" * 10_000) for index in range(8)]
        answer = self.h2().get(document("echo"), headers)
        self.assertTrue(answer.status == 431 or answer.reset is not None, vars(answer))
        client = self.h1()
        answer = client.get(document("echo"), headers)
        self.assertEqual(answer.status, 431)
        self.assertTrue(client.is_closed())
        self.assertEqual(self.origin.seen("echo"), [])

    def test_large_answer_heads(self):
        for name, connect in (("h2", self.h2), ("h1", self.h1)):
            with self.subTest(client=name):
                answer = connect().get(document("large-40000"))
                self.assertEqual(answer.status, 200)
                self.assertEqual(answer.header("x-large"), "l" * 40_000)

    def test_too_large_answer_heads(self):
        self.assert_outcome(self.fetch(document("large-90000")), 502, "origin-malformed")

    def test_errors_of_the_origin_are_its_own(self):
        for status in (400, 404, 410, 412, 500):
            with self.subTest(status=status):
                reply = self.fetch(document(f"status-{status}"))
                self.assertEqual((reply.status, reply.body), (status, b"status"))
                self.assertEqual(reply.header("ehr-region"), "west")

    def test_an_answer_before_the_body_was_taken(self):
        client = self.h2()
        stream, frames = client.head("POST", operation("early"), end=False)
        client.send(frames)
        client.upload(stream, content.body(20_000), end=False)
        answer = client.finish(stream)
        self.assertEqual((answer.status, bytes(answer.body)), (413, b"early"))
        self.assertEqual(client.get(document("bytes-10")).status, 200)


class Fetching(EdgeCase):
    """Answers that are complete, and wait for their client."""

    @classmethod
    def settings(cls):
        return {"timeouts": {"client_stall": "1s"}}

    def test_what_nobody_fetches_is_ended_however_lively_the_connection(self):
        client = self.h2(window=0)
        streams = [client.request("GET", document("bytes-100000")) for _ in range(20)]
        left, fetched = streams[:-1], streams[-1]
        end = time.monotonic() + 15
        while any(client.streams[stream].reset is None for stream in left):
            self.assertLess(time.monotonic(), end, "still held")
            client.send(h2.frame(6, 0, 0, b"12345678"))
            client.allow(fetched, 10_000)
            client.poll()
            time.sleep(0.25)
        self.assertEqual({client.streams[stream].reset for stream in left}, {8})
        client.allow(fetched, 100_000)
        answer = client.finish(fetched)
        self.assertEqual((answer.status, len(answer.body)), (200, 100_000))


class KeepAlive(EdgeCase):
    """The life of HTTP/1.1 connections."""

    @classmethod
    def settings(cls):
        return {"timeouts": {"client_idle": "2s", "client_header": "1s"}}

    def test_many_requests_on_one_connection(self):
        client = self.h1()
        for count in (10, 100_000, 0, 1):
            answer = client.get(document(f"bytes-{count}"))
            self.assertEqual((answer.status, len(answer.body)), (200, count))
        client.request("HEAD", document("bytes-77"))
        self.assertEqual(client.response("HEAD").header("content-length"), "77")
        client.request("POST", operation("echo"), body=b"12345")
        self.assertEqual(client.response("POST").status, 200)

    def test_pipelined_requests_are_answered_in_order(self):
        client = self.h1()
        counts = (50_000, 1, 30_000, 2)
        client.send("".join(
            f"GET {document(f'bytes-{count}')} HTTP/1.1\r\nHost: edge.homeward.example\r\n\r\n"
            for count in counts))
        for count in counts:
            answer = client.response()
            self.assertEqual(content.sha256(answer.body), content.sha256_of(count))

    def test_close_is_honoured(self):
        client = self.h1()
        answer = client.get(document("bytes-10"), [("Connection", "close")])
        self.assertEqual((answer.status, len(answer.body)), (200, 10))
        self.assertEqual(answer.header("connection"), "close")
        self.assertTrue(client.is_closed())

    def test_http_1_0_gets_one_answer(self):
        client = self.h1()
        client.send(f"GET {document('chunked-5000')} HTTP/1.0\r\n"
                    "Host: edge.homeward.example\r\n\r\n")
        answer = client.response()
        self.assertIsNone(answer.header("transfer-encoding"))
        self.assertEqual(content.sha256(answer.body), content.sha256_of(5000))

    def test_idle_connections_are_ended(self):
        client = self.h1()
        self.assertEqual(client.get(document("bytes-10")).status, 200)
        self.assertTrue(client.is_closed(within=8))
        client = self.h2()
        self.assertEqual(client.get(document("bytes-10")).status, 200)
        client.wait_closed(within=8)
        self.assertEqual([code for _, code in client.goaways], [0])

    def test_a_head_that_never_ends_is_ended(self):
        client = self.h1()
        client.send("GET /fhir/metadata HTTP/1.1\r\nHost: edge")
        self.assertTrue(client.is_closed(within=8))

    def test_a_head_that_comes_byte_by_byte_is_ended(self):
        for before in (False, True):
            with self.subTest(after_a_request=before):
                client = self.h1()
                if before:
                    self.assertEqual(client.get(document("bytes-10")).status, 200)
                client.send("GET /fhir/metadata HTTP/1.1\r\nHost: edge\r\nX: ")
                end = time.monotonic() + 8
                while not client.is_closed(within=0.3):
                    self.assertLess(time.monotonic(), end, "still open")
                    try:
                        client.send("a")
                    except OSError:
                        break

    def test_frames_that_are_no_requests_keep_no_connection(self):
        client = self.h2()
        self.assertEqual(client.get(document("bytes-10")).status, 200)
        end = time.monotonic() + 10
        while not client.is_closed:
            self.assertLess(time.monotonic(), end, "still open")
            try:
                client.send(h2.frame(6, 0, 0, b"12345678"))
                client.poll()
            except OSError:
                break
            time.sleep(0.3)

    def test_a_connection_under_way_is_not_idle(self):
        client = self.h2()
        stream = client.request("GET", document("gated-3000-1000"))
        idle = self.h1()
        self.assertTrue(idle.is_closed(within=8))
        self.origin.release(3)
        self.assertEqual(client.finish(stream).body, content.body(3000))

    def test_an_origin_that_closes_is_not_used_again(self):
        client = self.h2()
        for _ in range(5):
            self.assertEqual(client.get(document("last")).status, 200)
        self.assertEqual(len({request.connection for request in self.origin.seen("last")}), 5)
