"""Requests over HTTP/1.1 and HTTP/2 that two readers would take differently."""

from harness import h2
from harness.case import EdgeCase, document

HOST = "Host: edge.homeward.example\r\n"
SMUGGLED = f"GET {document('echo')} HTTP/1.1\r\n{HOST}\r\n"
ECHO = document("echo")

#: Each is refused with 400 (501 for a coding that is not known) and the end of the connection;
#: nothing of it reaches an origin.
HOSTILE = {
    "content-length and transfer-encoding":
        f"POST {ECHO} HTTP/1.1\r\n{HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        f"0\r\n\r\n{SMUGGLED}",
    "two content-lengths":
        f"POST {ECHO} HTTP/1.1\r\n{HOST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "a signed content-length": f"POST {ECHO} HTTP/1.1\r\n{HOST}Content-Length: +5\r\n\r\nhello",
    "a huge content-length":
        f"POST {ECHO} HTTP/1.1\r\n{HOST}Content-Length: 99999999999999999999\r\n\r\n",
    "an unknown transfer-encoding":
        f"POST {ECHO} HTTP/1.1\r\n{HOST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked twice":
        f"POST {ECHO} HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked not last":
        f"POST {ECHO} HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "transfer-encoding in HTTP/1.0":
        f"POST {ECHO} HTTP/1.0\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bare LF in the head": f"GET {ECHO} HTTP/1.1\n{HOST}\n",
    "bare CR in a value": f"GET {ECHO} HTTP/1.1\r\n{HOST}X-A: b\rX-B: c\r\n\r\n",
    "a folded line": f"GET {ECHO} HTTP/1.1\r\n{HOST}X-A: b\r\n c\r\n\r\n",
    "space before the colon": f"POST {ECHO} HTTP/1.1\r\n{HOST}Content-Length : 5\r\n\r\nhello",
    "space before the first field": f"GET {ECHO} HTTP/1.1\r\n X-A: b\r\n{HOST}\r\n",
    "two hosts": f"GET {ECHO} HTTP/1.1\r\n{HOST}Host: other.example\r\n\r\n",
    "no host": f"GET {ECHO} HTTP/1.1\r\n\r\n",
    "a host with a path": f"GET {ECHO} HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "NUL in a value": f"GET {ECHO} HTTP/1.1\r\n{HOST}X-A: b\0c\r\n\r\n",
    "an empty field name": f"GET {ECHO} HTTP/1.1\r\n{HOST}: b\r\n\r\n",
    "a target with a space": f"GET {ECHO} x HTTP/1.1\r\n{HOST}\r\n",
    "two spaces": f"GET  {ECHO} HTTP/1.1\r\n{HOST}\r\n",
    "no method": f" {ECHO} HTTP/1.1\r\n{HOST}\r\n",
    "words instead of HTTP": "hello edge, how are you\r\n\r\n",
}


class Smuggling(EdgeCase):

    def test_ambiguous_http1_is_refused_and_the_connection_closed(self):
        for name, text in HOSTILE.items():
            with self.subTest(name):
                self.origin.forget()
                client = self.h1()
                client.send(text)
                codings = (400, 501) if "Transfer-Encoding" in text else (400,)
                self.assertIn(client.response().status, codings)
                self.assertTrue(client.is_closed())
                self.assertEqual(self.origin.seen("echo"), [])

    def test_broken_chunks_never_become_a_request(self):
        for name, chunks in {
            "no size": "zz\r\nhello\r\n0\r\n\r\n", "longer than it says": "3\r\nhello\r\n0\r\n\r\n",
            "bare LF": "5\nhello\n0\n\n", "an endless size": "f" * 40 + "\r\n",
        }.items():
            with self.subTest(name):
                self.origin.forget()
                client = self.h1()
                client.send(f"POST {ECHO} HTTP/1.1\r\n{HOST}"
                            f"Transfer-Encoding: chunked\r\n\r\n{chunks}")
                self.assertEqual(client.response().status, 400)
                self.assertTrue(client.is_closed())
                self.assertFalse(any(r.is_complete for r in self.origin.seen("echo")))

    def test_a_version_of_the_future(self):
        client = self.h1()
        client.send(f"GET {ECHO} HTTP/2.0\r\n{HOST}\r\n")
        self.assertIn(client.response().status, (400, 505))
        self.assertTrue(client.is_closed())

    def test_no_field_that_was_judged_is_taken_away(self):
        for name in ("Content-Type", "Authorization", "If-None-Exist"):
            with self.subTest(name):
                self.origin.forget()
                client = self.h1()
                client.send(f"POST {ECHO} HTTP/1.1\r\n{HOST}Connection: {name}\r\n"
                            "Content-Type: application/x-www-form-urlencoded\r\n"
                            "Content-Length: 10\r\n\r\npatient=p1")
                self.assertEqual(client.response().status, 400)
                self.assertEqual(self.origin.seen("echo"), [])

    def test_connection_fields_over_http2_are_refused(self):
        for fields in ([("connection", "close")], [("transfer-encoding", "chunked")],
                       [("host", "other.example")], [("X-Upper", "1")], [("x-a", "b\r\nx-c: d")],
                       [("content-length", "5")], [(":path", "/other")], [("te", "gzip")]):
            with self.subTest(fields=fields):
                self.origin.forget()
                client = self.h2()
                stream, frames = client.head("GET", ECHO, fields)
                client.send(frames)
                state = client.streams[stream]
                client.wait(lambda: state.is_over or client.goaways, "a refusal")
                self.assertTrue(state.status == 400 or state.reset is not None or client.goaways,
                                f"answered {state.status}")
                self.assertEqual(self.origin.seen("echo"), [])

    def test_http2_bodies_that_belie_their_length(self):
        for length, body in (("3", b"hello"), ("9", b"hello")):
            with self.subTest(length=length):
                client = self.h2()
                stream = client.request("POST", ECHO, [("content-length", length)], body=body)
                answer = client.finish(stream)
                self.assertTrue(answer.reset is not None or answer.status == 400, vars(answer))
                self.assertFalse(any(r.is_complete for r in self.origin.seen("echo")))
                self.assertEqual(client.get(document("bytes-10")).status, 200)

    def test_nobody_gets_a_tunnel(self):
        for target in (ECHO, "other.example:443"):
            client = self.h1()
            client.send(f"CONNECT {target} HTTP/1.1\r\n{HOST}\r\n")
            self.assertIn(client.response().status, (400, 403, 405, 501))
        client = self.h2()
        answer = client.finish(client.request("CONNECT", ECHO))
        self.assertTrue(answer.reset is not None or answer.status in (400, 403, 405, 501))
        self.assertEqual(self.origin.requests, [])

    def test_nobody_gets_their_credentials_traced(self):
        client = self.h1()
        client.request("TRACE", ECHO)
        self.assertEqual(client.response().status, 501)
        client = self.h2()
        self.assertEqual(client.finish(client.request("TRACE", ECHO)).status, 501)
        self.assertEqual(self.origin.requests, [])


class Frames(EdgeCase):
    """HTTP/2 frames that break the rules end their connection and nobody else's."""

    def test_broken_frames(self):
        for name, data in {
            "DATA on stream 0": h2.frame(h2.DATA, 0, 0, b"x"),
            "HEADERS on stream 0": h2.frame(h2.HEADERS, 5, 0, b"\x82"),
            "a stream of the server's": h2.frame(h2.HEADERS, 5, 2, b"\x82\x84\x87\x81"),
            "a broken header block": h2.frame(h2.HEADERS, 5, 1, b"\xff\xff\xff\xff\xff\xff\xff"),
            "a lone CONTINUATION": h2.frame(h2.CONTINUATION, 4, 1, b""),
            "a frame that is too long": h2.frame(h2.DATA, 0, 1, bytes(20_000)),
            "a window of nothing": h2.frame(h2.WINDOW_UPDATE, 0, 0, bytes(4)),
            "a window beyond bounds": h2.frame(h2.WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff") * 2,
            "SETTINGS of odd length": h2.frame(h2.SETTINGS, 0, 0, bytes(5)),
            "PING of odd length": h2.frame(h2.PING, 0, 0, bytes(7)),
            "RST_STREAM on an idle stream": h2.frame(h2.RST_STREAM, 0, 9, bytes(4)),
        }.items():
            with self.subTest(name):
                honest = self.h2()
                client = self.h2()
                client.send(data)
                client.wait_closed()
                self.assertTrue(client.goaways and client.goaways[-1][1] != 0,
                                f"no GOAWAY with an error: {client.goaways}")
                self.assertEqual(honest.get(document("bytes-10")).status, 200)
