"""Clients and origins that give up in the middle."""

import struct
import socket

from harness import content, curl, h2
from harness.behaviours import NONSENSE
from harness.case import EdgeCase, document, operation
from harness.edge import MUTUAL_TLS, Edge, Endpoint
from harness.origin import Origin
from harness.programs import Nghttpx
from harness.waiting import until


class ClientAborts(EdgeCase):
    """A client that leaves frees what it held: the origin is told, descriptors come back."""

    def started(self, path):
        """The recorded request, once its body is on the way."""
        return until(lambda: next((r for r in self.origin.seen(path) if r.sent_count), None),
                     "the first bytes")

    def test_reset_in_the_middle_of_a_download(self):
        client = self.h2()
        stream = client.request("GET", document("endless"))
        client.wait(lambda: client.streams[stream].received_count > 100_000, "some of the body")
        client.reset(stream)
        until(lambda: self.origin.seen("endless")[0].is_cut, "the origin to be told")
        self.assertEqual(client.get(document("bytes-10")).status, 200)

    def test_reset_before_the_answer(self):
        client = self.h2()
        stream = client.request("GET", document("hang"))
        request = until(lambda: next(iter(self.origin.seen("hang")), None), "the request")
        client.reset(stream)
        until(lambda: request.is_cut, "the origin to be told")
        self.assertEqual(client.get(document("bytes-10")).status, 200)

    def test_reset_in_the_middle_of_an_upload(self):
        client = self.h2()
        stream, frames = client.head(
            "POST", operation("echo"), [("content-length", "1000000")], end=False)
        client.send(frames)
        client.upload(stream, content.body(50_000), end=False)
        request = until(lambda: next(iter(self.origin.seen("echo")), None), "the request")
        client.reset(stream)
        until(lambda: request.is_cut, "the origin to be told")
        self.assertFalse(request.is_complete)
        self.assertEqual(client.get(document("bytes-10")).status, 200)

    def test_connections_that_vanish(self):
        for name, connect in (("h2", self.h2), ("h1", self.h1)):
            for how in ("close", "reset"):
                with self.subTest(client=name, how=how):
                    self.origin.forget()
                    client = connect()
                    client.request("GET", document("endless"))
                    request = self.started("endless")
                    if how == "reset":
                        client.socket.setsockopt(
                            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    client.close()
                    until(lambda: request.is_cut, "the origin to be told")

    def test_an_http1_upload_that_vanishes(self):
        client = self.h1()
        client.send(f"POST {operation('echo')} HTTP/1.1\r\nHost: edge.homeward.example\r\n"
                    "Content-Length: 1000000\r\n\r\nonly this")
        request = until(lambda: next(iter(self.origin.seen("echo")), None), "the request")
        client.close()
        until(lambda: request.is_cut, "the origin to be told")
        self.assertFalse(request.is_complete)

    def test_nothing_is_left_of_many_aborts(self):
        def settled():
            return self.origin.under_way() == 0 and self.edge.descriptor_count() <= before

        self.assertEqual(self.fetch(document("bytes-10")).status, 200)
        # Beside the connection that waits for more: what the edge needs when nobody is there.
        before = self.edge.descriptor_count() + 1
        for _ in range(20):
            client = self.h2()
            for behaviour in ("endless", "hang", "bytes-1000000", "delayed", "endless"):
                client.request("GET", document(behaviour))
            client.wait(lambda: client.streams[1].received_count, "the first bytes")
            client.close()
        until(settled, lambda: f"{self.edge.descriptor_count()} descriptors, not {before}; "
              f"{self.origin.under_way()} requests under way")


class OriginAborts(EdgeCase):
    """A body that does not come to its end never looks complete."""

    @classmethod
    def make(cls):
        cls.origin, cls.second = Origin("west"), Origin("east")
        nghttpx = Nghttpx(cls.second)
        cls.addClassCleanup(nghttpx.kill)
        return Edge({"west": [Endpoint(cls.origin)],
                     "east": [Endpoint(nghttpx, protocol="http2", tls=MUTUAL_TLS)]})

    def setUp(self):
        super().setUp()
        self.second.forget()

    def assert_truncated(self, status, is_complete):
        """The answer is cut short, or was not begun: nghttpx or the edge may have held its head."""
        if status != 502:
            self.assertEqual(status, 200)
            self.assertFalse(is_complete, "a truncated answer looks complete")

    def test_a_body_that_breaks_off(self):
        for behaviour in ("reset-100000", "short-100000", "torn-100000"):
            for patient, origin in (("p1", self.origin), ("p2", self.second)):
                with self.subTest(behaviour=behaviour, patient=patient):
                    client = self.h2()
                    stream = client.request("GET", document(behaviour, patient))
                    state = client.streams[stream]
                    if patient == "p1":
                        client.wait(lambda: state.received_count >= 100_000 or state.is_over,
                                    "the first half")
                    origin.release()
                    answer = client.finish(stream)
                    self.assert_truncated(answer.status, answer.reset is None)
                    self.assertEqual(client.get(document("bytes-10")).status, 200)
                with self.subTest(behaviour=behaviour, patient=patient, client="h1"):
                    client = self.h1()
                    client.request("GET", document(behaviour, patient))
                    origin.release()
                    answer = client.response()
                    self.assert_truncated(answer.status, answer.is_complete)
                    if answer.status == 200:
                        self.assertTrue(client.is_closed())

    def test_curl_calls_a_truncated_transfer_an_error(self):
        for http in ("--http2", "--http1.1"):
            with self.subTest(http=http):
                reply = self.fetch(document("torn-50000"), http=http)
                if reply.status != 502:
                    self.assertEqual(reply.status, 200)
                    self.assertIn(reply.code, (18, 56, 92), reply)

    def test_no_answer_at_all(self):
        for http in ("--http2", "--http1.1"):
            with self.subTest(http=http):
                self.assert_outcome(
                    self.fetch(document("close"), http=http), 502, "origin-reset")

    def test_an_origin_that_speaks_nonsense(self):
        client = self.h2()
        unharmed = client.request("GET", document("gated-200000-100000"))
        for kind in range(len(NONSENSE)):
            with self.subTest(kind=kind):
                reply = self.fetch(document(f"nonsense-{kind}"))
                self.assert_outcome(reply, 502, "origin-malformed")
                self.assertIn("error=http_protocol_error", reply.header("proxy-status"))
                self.assertEqual(client.get(document("bytes-10")).status, 200)
        self.origin.release(2)
        answer = client.finish(unharmed)
        self.assertEqual(content.sha256(answer.body), content.sha256_of(200_000))

    def test_interim_answers_without_end(self):
        self.assertEqual(self.fetch(document("interims-10")).body, b"at last")
        self.assert_outcome(self.fetch(document("interims-1000")), 502, "origin-malformed")

    def test_an_answer_that_nobody_asked_for_reaches_nobody(self):
        client = self.h2()
        for _ in range(20):
            self.assertEqual(bytes(client.get(document("surplus")).body), b"asked")
            self.assertEqual(bytes(client.get(document("bytes-5")).body), content.body(5))

    def test_a_pause_behind_the_head_is_no_fault(self):
        """Longer than the record of the decision may take: that time is over with the head."""
        client = self.h2()
        stream = client.request("GET", document("gated-1000-1000"))
        state = client.streams[stream]
        client.wait(lambda: state.status, "the head")
        with self.assertRaises(AssertionError):
            client.wait(lambda: state.is_over, "nothing", within=2.6)
        self.origin.release()
        self.assertEqual(client.finish(stream).body, content.body(1000))

    def impatient(self):
        """An edge that waits 300 ms for the first byte of an answer."""
        edge = Edge({"west": [Endpoint(self.origin)]}, timeouts={"first_byte": "300ms"})
        self.addCleanup(edge.kill)
        return edge.start()

    def test_a_client_that_holds_its_body_back_harms_no_origin(self):
        edge = self.impatient()
        client = h2.Connection(edge.port)
        self.addCleanup(client.close)
        streams = []
        for _ in range(8):
            stream, frames = client.head("POST", operation("echo"), end=False)
            client.send(frames)
            streams.append(stream)
        states = [client.streams[stream] for stream in streams]
        with self.assertRaises(AssertionError):
            client.wait(lambda: any(state.is_over for state in states), "nothing", within=1)
        self.assertNotRegex(edge.log(), "suspect|ejected")
        for stream in streams:
            client.upload(stream, b"at last")
            self.assertEqual(client.finish(stream).status, 200)
        self.assertEqual(edge.stop(), 0)

    def test_an_origin_that_hangs(self):
        edge = self.impatient()
        self.assert_outcome(curl.fetch(edge, document("hang")), 504, "origin-timeout")
        until(lambda: all(r.is_cut for r in self.origin.seen("hang")), "the origin to be told")
        self.assertEqual(edge.stop(), 0)
