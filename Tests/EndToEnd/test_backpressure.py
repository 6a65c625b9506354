"""Whoever is slow slows down only what is theirs, and costs no memory."""

from harness import content
from harness.case import EdgeCase, document, operation
from harness.waiting import until, until_steady

#: Windows, queues and socket buffers on the way; far below the bodies that are sent.
IN_FLIGHT_MAX = 16 * content.MEGABYTE


class Backpressure(EdgeCase):

    def test_a_slow_reader_stops_the_origin_and_nobody_else(self):
        client = self.h2()
        slow = client.request("GET", document("endless"))
        client.streams[slow].reads = False
        client.wait(lambda: client.streams[slow].received_count >= 65_535, "a full window")
        request = self.origin.seen("endless")[0]
        sent = until_steady(lambda: request.sent_count, "the origin to be held")
        self.assertLess(sent, IN_FLIGHT_MAX)
        answer = client.get(document("bytes-3000000"))
        self.assertEqual(content.sha256(answer.body), content.sha256_of(3_000_000))
        self.assertEqual(client.streams[slow].received_count, 65_535)
        client.allow(slow, 1_000_000)
        client.wait(lambda: client.streams[slow].received_count >= 1_065_535, "more of the body")
        client.reset(slow)
        until(lambda: request.is_cut, "the origin to be told")

    def test_a_reader_in_small_steps_gets_everything(self):
        client = self.h2(window=1000)
        answer = client.finish(client.request("GET", document("bytes-400000")), within=30)
        self.assertEqual(content.sha256(answer.body), content.sha256_of(400_000))

    def test_a_slow_http1_reader_stops_the_origin(self):
        client = self.h1(receive_buffer=65_536)
        client.request("GET", document("endless"))
        request = until(lambda: next(iter(self.origin.seen("endless")), None), "the request")
        until(lambda: request.sent_count > 0, "the first bytes")
        self.assertLess(
            until_steady(lambda: request.sent_count, "the origin to be held"), IN_FLIGHT_MAX)
        self.assertEqual(self.h1().get(document("bytes-10")).status, 200)
        client.close()
        until(lambda: request.is_cut, "the origin to be told")

    def test_many_slow_readers_cost_little(self):
        self.edge.forget_peak()
        before = self.edge.resident()
        clients = [self.h2() for _ in range(4)]
        for client in clients:
            for _ in range(10):
                stream = client.request("GET", document("endless"))
                client.streams[stream].reads = False
            client.wait(lambda: all(s.received_count >= 65_535 for s in client.streams.values()),
                        "full windows")
        requests = self.origin.seen("endless")
        self.assertEqual(len(requests), 40)
        until_steady(lambda: sum(r.sent_count for r in requests), "the origin to be held", 30)
        self.assertLess(self.edge.resident(peak=True) - before, 40 * content.MEGABYTE)
        for client in clients:
            client.close()
        until(lambda: all(request.is_cut for request in requests), "the origin to be told")

    def test_a_slow_origin_stops_an_upload(self):
        client = self.h2()
        slow, frames = client.head("POST", operation("slowly"), end=False)
        client.send(frames)
        body = content.body(40 * content.MEGABYTE)
        sent = client.upload(slow, body, end=False, within=2)
        self.assertLess(sent, IN_FLIGHT_MAX)
        answer = client.get(document("bytes-100000"))
        self.assertEqual((answer.status, len(answer.body)), (200, 100_000))
        self.origin.release(1_000_000)
        self.assertEqual(client.upload(slow, body[sent:]), len(body) - sent)
        self.assertEqual(client.finish(slow).status, 200)
        request = self.origin.seen("slowly")[0]
        self.assertEqual(request.body_sha256, content.sha256_of(len(body)))

    def test_a_slow_origin_stops_an_http1_upload(self):
        client = self.h1()
        body = content.body(40 * content.MEGABYTE)
        client.send(f"POST {operation('slowly')} HTTP/1.1\r\nHost: edge.homeward.example\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n")
        client.socket.settimeout(1)
        sent = 0
        try:
            while sent < len(body):
                sent += client.socket.send(body[sent:sent + 16_384])
        except TimeoutError:
            pass
        self.assertLess(sent, IN_FLIGHT_MAX)
        self.origin.release(1_000_000)
        client.socket.settimeout(10)
        client.send(body[sent:])
        self.assertEqual(client.response().status, 200)
        self.assertEqual(self.origin.seen("slowly")[0].body_sha256, content.sha256_of(len(body)))
