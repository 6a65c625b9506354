"""The admin API: who may ask what, what is answered, and that no client of the edge waits for it."""

import hashlib
import json
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import unittest

from harness import admin, curl, openapi, workshop
from harness.case import EdgeCase, document
from harness.edge import Edge, Endpoint
from harness.origin import Origin
from harness.waiting import until

ORDER = {"kind": "drain", "region": "west", "tier": "replica", "seconds": 600, "reason": "a test",
         "ticket": "T-1"}


class AdminCase(EdgeCase):
    """Two regions of a primary and a replica, under a policy that serves reads anywhere."""

    @classmethod
    def make(cls):
        cls.servers = {
            region: [Origin(region, f"{region}-1", "primary", [other]),
                     Origin(region, f"{region}-2", "replica", [other])]
            for region, other in (("west", "east"), ("east", "west"))}
        policy = (workshop.ROOT / "Tests/EndToEnd/test_regions.py").read_text()
        policy = policy.partition('POLICY = """\\\n')[2].partition('"""')[0]
        return Edge(
            {region: [Endpoint(primary), Endpoint(replica, tier="replica")]
             for region, (primary, replica) in cls.servers.items()}, policy=policy, admin=True)

    def ask(self, method, target, body=None, **proof):
        """One request; its answer is as described."""
        return admin.ask(self.edge, method, target, body, **proof)

    def release_all(self):
        """Ends every order, once another act may follow."""
        for order in self.ask("GET", "/v1/orders").json["orders"]:
            def done(name=order["id"]):
                return self.ask("DELETE", f"/v1/orders/{name}?reason=done").status == 200
            until(done, "the order to end", pause=0.3)

    def actions(self):
        """The operators' acts in the audit log."""
        records = [json.loads(line) for line in self.edge.audit_text().splitlines()]
        return [r for r in records if r["kind"] == "operator-action"]


class Callers(AdminCase):
    """Who may call is proved, and may do what his roles say."""

    def test_each_proof_and_each_role(self):
        for proof, reads, acts in (
                ({"certificate": "sre"}, 200, 200), ({"certificate": "auditor"}, 200, 403),
                ({"token": "sre"}, 200, 200), ({"token": "auditor"}, 200, 403),
                ({"token": "officer"}, 200, 403), ({"certificate": "client"}, 401, 401),
                ({"certificate": "sre", "token": "=wrong"}, 401, 401),
                ({"certificate": "client", "token": "sre"}, 200, 200), ({"token": ""}, 401, 401)):
            with self.subTest(proof):
                self.assertEqual(self.ask("GET", "/v1/regions", **proof).status, reads)
                reply = self.ask("POST", "/v1/orders?dry-run=true", ORDER, **proof)
                self.assertEqual(reply.status, acts, reply)
                if acts == 403:
                    self.assertIn("one of the roles sre", reply.json["detail"])
                if acts == 401:
                    self.assertIn("Bearer", reply.fields["www-authenticate"])

    def test_foreign_and_expired_certificates_get_nothing(self):
        for certificate in ("wrong", "expired-client"):
            with self.subTest(certificate), self.assertRaises((ssl.SSLError, OSError)):
                self.ask("GET", "/v1/regions", certificate=certificate)

    def test_who_guesses_waits_and_is_recorded(self):
        statuses = [self.ask("GET", "/v1/status", token=f"={i}").status for i in range(20)]
        self.assertEqual(statuses[0], 401)
        self.assertIn(429, statuses)
        # Who proves who he is does not wait for that.
        self.assertEqual(self.ask("GET", "/v1/status").status, 200)
        def refused():
            return [r for r in self.actions() if r["subject"] == "admin call refused"]
        until(refused, "the record")
        self.assertLess(len(refused()), 15)
        self.assertEqual(refused()[0]["scope"], "127.0.0.1")
        self.assertNotIn(secrets.token_hex(1) * 99, self.edge.audit_text())

    def test_the_author_is_who_proved_it(self):
        self.addCleanup(self.release_all)
        given = self.ask("POST", "/v1/orders", ORDER, certificate="sre")
        self.assertEqual(given.status, 201, given)
        self.assertEqual(given.json["begun"][0]["author"], "ana")
        until(lambda: "drain west/replica" in [r["subject"] for r in self.actions()], self.actions)
        refused = self.ask("POST", "/v1/orders", ORDER | {"author": "Bo"})
        self.assertEqual((refused.status, refused.code), (422, "malformed-body"))

    def test_callers_change_by_reload(self):
        token = secrets.token_hex(32)
        with (self.edge.folder / "tokens").open("a") as file:
            file.write(f"new auditor {hashlib.sha256(token.encode()).hexdigest()}\n")
        self.edge.signal(signal.SIGHUP)
        until(lambda: self.ask("GET", "/v1/status", token=f"={token}").status == 200, "the token")


class Requests(AdminCase):
    """What is asked wrongly is answered in words that programs know."""

    def test_routes_and_methods(self):
        for method, target, status, code in (
                ("GET", "/", 404, "no-such-route"), ("GET", "/v1/nothing", 404, "no-such-route"),
                ("GET", "/v1/orders/O-1", 405, "wrong-method"),
                ("PUT", "/v1/orders", 405, "wrong-method"),
                ("DELETE", "/v1/orders/O-99?reason=x", 404, "no-such-order"),
                ("GET", "/v1/status?x=y", 400, "unknown-parameter")):
            with self.subTest(target):
                reply = self.ask(method, target)
                self.assertEqual((reply.status, reply.code), (status, code))
        self.assertEqual(self.ask("PUT", "/v1/orders").fields["allow"], "GET, POST")

    def test_bodies(self):
        for body, headers, status, code in (
                (b"{", {}, 400, "malformed-json"), (b"[]", {}, 422, "malformed-body"),
                (b"{}", {"Content-Type": "text/plain"}, 415, "media-type"),
                (b" " * 65537, {}, 413, "body-too-long")):
            with self.subTest(code):
                reply = self.ask("POST", "/v1/orders", body, headers={
                    "Content-Type": "application/json"} | headers)
                self.assertEqual((reply.status, reply.code), (status, code))
        self.assertEqual(self.ask("GET", "/v1/status", b"{}").code, "unexpected-body")

    def test_a_body_without_a_length_is_bounded_too(self):
        with self.raw() as client:
            client.sendall(b"POST /v1/orders HTTP/1.1\r\nHost: a\r\n"
                           b"Transfer-Encoding: chunked\r\n\r\n" + 9 * (
                               b"2000\r\n" + 0x2000 * b" " + b"\r\n"))
            self.assertIn(b" 413 ", client.recv(65536))

    def test_an_endless_body_is_cut(self):
        began = time.monotonic()
        with self.raw() as client, self.assertRaises(OSError):
            client.sendall(b"POST /v1/orders HTTP/1.1\r\nHost: a\r\n"
                           b"Content-Length: 999999999999\r\n\r\n")
            while time.monotonic() - began < 10:
                client.sendall(bytes(65536))

    def test_long_fields_and_targets_are_refused(self):
        for request, status in ((f"GET /{'a' * 5000} HTTP/1.1\r\nHost: a\r\n\r\n", 414),
                                (f"GET / HTTP/1.1\r\nHost: a\r\nA: {'b' * 20000}\r\n\r\n", 431),
                                ("GET / HTTP/9.9\r\nHost: a\r\n\r\n", 505),
                                ("nonsense\r\n\r\n", 400)):
            with self.subTest(status), self.raw() as client:
                client.sendall(request.encode())
                self.assertIn(f" {status} ".encode(), client.recv(65536))

    def raw(self):
        """A TLS connection."""
        plain = socket.create_connection(("127.0.0.1", self.edge.admin_port), timeout=10)
        return admin.tls(self.edge).wrap_socket(plain, server_hostname="127.0.0.1")

    def test_compare_and_set(self):
        self.addCleanup(self.release_all)
        seen = self.ask("GET", "/v1/regions")
        tag = seen.fields["etag"]
        self.assertEqual(tag, f'"{seen.json["revision"]}"')
        order = ORDER | {"kind": "prefer", "region": "east", "tier": "all"}
        given = self.ask("POST", "/v1/orders", order, headers={"If-Match": tag})
        self.assertEqual(given.status, 201, given)
        self.assertEqual(given.fields["etag"], f'"{seen.json["revision"] + 1}"')
        other = ORDER | {"kind": "freeze", "region": "east", "tier": "all"}
        late = self.ask("POST", "/v1/orders", other, headers={"If-Match": tag})
        self.assertEqual((late.status, late.code), (412, "revision-changed"))
        wrong = self.ask("POST", "/v1/orders", other, headers={"If-Match": "7"})
        self.assertEqual(wrong.status, 400)
        again = self.ask("POST", "/v1/orders", order)
        self.assertEqual((again.status, again.code), (409, "order-taken"))

    def test_what_is_seen(self):
        status = self.ask("GET", "/v1/status").json
        self.assertEqual((status["instance"], status["loops"], status["healthy"]),
                         ("edge-test", 2, 4))
        self.assertEqual(self.ask("GET", "/v1/policy").json["active"], status["policy"])
        load = curl.Load(self.edge, document("bytes-500"), requests=4000, clients=4, streams=2)

        def busy():
            servers = self.ask("GET", "/v1/endpoints?region=west").json["endpoints"]
            return [s for s in servers if s["requests_per_second"] > 10]
        self.assertEqual([s["name"] for s in until(busy, "traffic")], ["west-2"])
        load.finish()


class Acts(AdminCase):
    """Break-glass and records of authority: by whom, seen when, told to whom."""

    def test_two_people_break_glass(self):
        events = admin.Events(self.edge, token="auditor")
        self.addCleanup(events.close)
        body = {"rules": "S1+S6", "seconds": 600, "reason": "flood"}
        for token, change, status, code in (
                ("auditor", {}, 403, "wrong-role"), ("officer", {}, 403, "wrong-role"),
                ("sre", {"rules": "S1+S1"}, 422, "unknown-rules"),
                ("sre", {"rules": "S2"}, 409, "firm-rule"),
                ("sre", {"seconds": 3601}, 422, "waiver-duration")):
            reply = self.ask("POST", "/v1/waivers", body | change, token=token)
            self.assertEqual((reply.status, reply.code), (status, code), reply)
        tag = self.ask("GET", "/v1/regions").fields["etag"]
        tried = self.ask("POST", "/v1/waivers?dry-run=true", body)
        self.assertEqual((tried.status, tried.json["ok"]), (200, True))
        asked = self.ask("POST", "/v1/waivers", body, headers={"If-Match": tag})
        self.assertEqual(asked.status, 201, asked)
        waiver = asked.json["waivers"][0]
        self.assertEqual((waiver["author"], waiver["second"]), ("tia", None))
        agreement = f"/v1/waivers/{waiver['id']}/agreement"
        late = self.ask("POST", agreement, {"reason": "seen"}, certificate="sre",
                        headers={"If-Match": tag})
        self.assertEqual((late.status, late.code), (412, "revision-changed"))
        own = self.ask("POST", agreement, {"reason": "seen"})
        self.assertEqual((own.status, own.code), (409, "same-author"))
        gone = self.ask("POST", "/v1/waivers/B-99/agreement", {"reason": "seen"})
        self.assertEqual(gone.status, 404)
        agreed = self.ask("POST", agreement, {"reason": "seen"}, certificate="sre")
        self.assertEqual((agreed.status, agreed.json["waivers"][0]["second"]), (200, "ana"))
        told = []
        while len(told) < 2:
            _, kind, data = events.next()
            if kind == "waiver":
                told.append((data["change"], data["waiver"]["second"]))
        self.assertEqual(told, [("asked", None), ("agreed", "ana")])
        until(lambda: [a for a in self.actions() if a["subject"].startswith("break-glass S1+S6")
                       and a["author"] == "tia"], "the record")
        until(lambda: [a for a in self.actions() if a["subject"] == "agreement to break-glass"
                       and a["author"] == "ana"], "the second record")

    def test_an_authority_is_recorded_and_moved_by_hand(self):
        events = admin.Events(self.edge, token="auditor")
        self.addCleanup(events.close)
        path = "/v1/authorities/west"
        claim = {"change": "claim", "reason": "first"}
        for target, body, token, status, code in (
                (path, claim, "officer", 403, "wrong-role"),
                ("/v1/authorities/north", claim, "sre", 422, "unknown-region"),
                (path, claim | {"change": "fence"}, "sre", 409, "no-authority-record"),
                (path, claim | {"change": "promote", "endpoint": "x"}, "sre", 422,
                 "unknown-endpoint"),
                (path, claim | {"epoch": -1}, "sre", 422, "malformed-body")):
            reply = self.ask("POST", target, body, token=token)
            self.assertEqual((reply.status, reply.code), (status, code), reply)
        made = self.ask("POST", path, claim | {"endpoint": "west-1", "epoch": 1})
        self.assertEqual(made.status, 200, made)
        fenced = self.ask("POST", path, {"change": "fence", "reason": "by hand"})
        self.assertEqual(fenced.json["authorities"][0]["state"], "fencing")
        back = self.ask("POST", path, {"change": "restore", "reason": "not today"})
        self.assertEqual(back.json["authorities"][0]["state"], "active")
        shown = self.ask("GET", "/v1/authorities", token="auditor").json
        self.assertEqual(shown["authorities"], back.json["authorities"])
        self.assertTrue(shown["edges"])
        states = []
        while len(states) < 3:
            _, kind, data = events.next()
            if kind == "authority":
                states.append(data["authority"]["state"])
        self.assertEqual(states, ["active", "fencing", "active"])


class Description(AdminCase):
    """The description is true: it is shipped and served, and complete."""

    def test_served_is_shipped(self):
        self.assertEqual(self.ask("GET", "/openapi.json").body, openapi.SHIPPED.read_bytes())
        printed = subprocess.run([workshop.binary(), "admin", "openapi"], capture_output=True)
        self.assertEqual(printed.stdout, openapi.SHIPPED.read_bytes())

    def test_references_exist_and_names_are_unique(self):
        text = openapi.SHIPPED.read_text()
        names = set(openapi.DOCUMENT["components"]["schemas"])
        used = {piece.partition('"')[0] for piece in text.split("#/components/schemas/")[1:]}
        self.assertLessEqual(used, names)
        operations = [o for path in openapi.DOCUMENT["paths"].values() for o in path.values()]
        self.assertEqual(len({o["operationId"] for o in operations}), len(operations))
        for one in operations:
            self.assertLessEqual(set(one["x-roles"]), {"officer", "sre", "auditor"})

    def test_every_described_read_answers(self):
        for path, operations in openapi.DOCUMENT["paths"].items():
            if "get" in operations and path not in ("/v1/events", "/v1/cache") and "{" not in path:
                with self.subTest(path):
                    self.assertEqual(self.ask("GET", path).status, 200)


class Following(AdminCase):
    """Events come as they happen, and those that were missed come first."""

    def test_orders_and_endpoints_are_told_and_resumed(self):
        self.addCleanup(self.release_all)
        events = admin.Events(self.edge, token="auditor")
        self.addCleanup(events.close)
        self.ask("POST", "/v1/orders", ORDER | {"kind": "prefer", "seconds": 1})
        first, kind, data = events.next()
        self.assertEqual((kind, data["change"], data["order"]["kind"]), ("order", "begun", "prefer"))
        _, kind, data = events.next()
        self.assertEqual((kind, data["change"]), ("order", "ended"))
        resumed = admin.Events(self.edge, last=first)
        self.addCleanup(resumed.close)
        self.assertEqual(resumed.next()[2], data)
        stranger = admin.Events(self.edge, last="another-7")
        self.addCleanup(stranger.close)
        self.assertEqual(stranger.next()[1], "gap")
        self.assertIn(stranger.next()[1], ("order", "endpoint"))

    def test_followers_are_bounded(self):
        followers = []
        self.addCleanup(lambda: [f.close() for f in followers])
        for _ in range(16):
            followers.append(admin.Events(self.edge))
        with self.assertRaises(AssertionError):
            admin.Events(self.edge)
        followers.pop().close()
        until(lambda: self.joins(followers), "a place")

    def joins(self, followers):
        """Whether one more may follow."""
        try:
            followers.append(admin.Events(self.edge))
            return True
        except AssertionError:
            return False


class Apart(AdminCase):
    """What happens at the admin API stays there."""

    def test_who_is_slow_is_cut_and_keeps_nobody_out(self):
        slow = []
        self.addCleanup(lambda: [s.close() for s in slow])
        for _ in range(64):
            plain = socket.create_connection(("127.0.0.1", self.edge.admin_port), timeout=30)
            slow.append(admin.tls(self.edge).wrap_socket(plain, server_hostname="127.0.0.1"))
            slow[-1].sendall(b"GET /v1/status HTTP/1.1\r\nHo")
        # Full of strangers; whoever comes takes a stranger's place.
        self.assertEqual(self.ask("GET", "/v1/status").status, 200)
        began = time.monotonic()
        self.assertEqual(self.end_of(slow[-1]), b"")
        self.assertLess(time.monotonic() - began, 20)

    def end_of(self, client):
        """What comes until the edge ends the connection."""
        try:
            return client.recv(65536)
        except OSError:
            return b""

    def test_clients_do_not_wait_for_it(self):
        is_over = threading.Event()

        def hammer():
            while not is_over.is_set():
                self.ask("GET", "/v1/regions")
        threads = [threading.Thread(target=hammer, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        load = curl.Load(self.edge, document("bytes-500"), requests=4000, clients=4, streams=2)
        counts = load.finish()
        is_over.set()
        for thread in threads:
            thread.join()
        self.assertEqual(counts["2xx"], counts["total"])

    def test_a_taken_port_keeps_no_client_waiting(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            origin = Origin("west")
            edge = Edge({"west": [Endpoint(origin)]}, admin=True)
            port = taken.getsockname()[1]
            text = edge.configuration.read_text()
            edge.configuration.write_text(text.replace(
                "admin:\n  address: 127.0.0.1:0", f"admin:\n  address: 127.0.0.1:{port}"))
            edge.start()
            self.addCleanup(edge.kill)
            self.assertIn("cannot listen", edge.log())
            self.assertEqual(curl.fetch(edge, document("bytes-10")).status, 200)
        # Free again: the edge tries until it has it.
        until(lambda: self.answers(edge), edge.log)
        self.assertEqual(edge.stop(), 0)

    def answers(self, edge):
        """Whether the admin API answers."""
        try:
            return admin.ask(edge, "GET", "/v1/status").status == 200
        except OSError:
            return False


class Commands(AdminCase):
    """The command line as a client: where it asks, and what it says."""

    def homeward(self, *words):
        """Runs a command."""
        return subprocess.run(
            [str(word) for word in (workshop.binary(), *words)], capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=30, env={"HOME": str(self.edge.folder)})

    def way(self):
        """Where the edge is."""
        return ("--admin", f"https://127.0.0.1:{self.edge.admin_port}", "--ca", self.edge.authority)

    def test_proofs_by_option(self):
        pair = self.edge.folder / "certificates" / "auditor"
        shown = self.homeward("region", "status", *self.way(), "--cert", f"{pair}.pem", "--key",
                              f"{pair}.key")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        refused = self.homeward(
            "region", "prefer", "east", *self.way(), "--cert", f"{pair}.pem", "--key",
            f"{pair}.key", "--for", "1m", "--reason", "x", "--ticket", "T-1")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("this needs one of the roles sre; `otto` has auditor [wrong-role]",
                      refused.stderr)
        token = self.homeward("admin", "get", "/v1/status", *self.way(), "--token-file",
                              self.edge.folder / "token-auditor")
        self.assertEqual(json.loads(token.stdout)["instance"], "edge-test")
        nobody = self.homeward("admin", "get", "/v1/status", *self.way())
        self.assertEqual(nobody.returncode, 1)
        self.assertIn("show a client certificate or a bearer token [no-credentials]",
                      nobody.stderr)

    def test_certificates_that_are_not_trusted(self):
        wrong = self.edge.folder / "certificates" / "wrong"
        for words in (("--ca", f"{wrong}-ca.pem"), ("--cert", f"{wrong}.pem", "--key",
                                                    f"{wrong}.key")):
            result = self.homeward("region", "status", *self.way(), *words)
            self.assertEqual(result.returncode, 1)
            self.assertIn("do not trust each other", result.stderr)

    def test_a_profile_of_the_user(self):
        folder = self.edge.folder / ".config" / "homeward"
        folder.mkdir(parents=True)
        self.addCleanup(shutil.rmtree, self.edge.folder / ".config")
        (folder / "admin.yaml").write_text(
            f"url: https://127.0.0.1:{self.edge.admin_port}\n"
            "authorities: ../../certificates/ca.pem\ntoken: ../../token-sre\n")
        self.assertIn("west-2", self.homeward("region", "status").stdout)
        (folder / "admin.yaml").write_text("url: 7\n")
        self.assertEqual(self.homeward("region", "status").returncode, 2)
        # Who names an edge shows it nothing that belongs to another one.
        self.assertEqual(
            self.homeward("admin", "get", "/v1/status", *self.way()).stderr.count("E205"), 0)

    def test_wrong_words(self):
        for words, status, said in (
                (("region", "status"), 2, "which edge?"),
                (("region", "status", "--admin", "http://127.0.0.1:1"), 2, "is no URL"),
                (("region", "status", "--cert", "x"), 2, "need each other"),
                (("region", "status", "--offline"), 2, "`--offline` needs `--config`"),
                (("region", "status", "--admin", "https://127.0.0.1:1"), 1, "no edge answers")):
            with self.subTest(words):
                result = self.homeward(*words)
                self.assertEqual(result.returncode, status, result.stderr)
                self.assertIn(said, result.stderr)

    def test_a_token_is_made_and_used(self):
        out = self.edge.folder / "new.token"
        made = self.homeward("admin", "token", "--name", "nia", "--roles", "auditor", "--out", out)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertEqual(out.stat().st_mode & 0o77, 0)
        with (self.edge.folder / "tokens").open("a") as file:
            file.write(made.stdout)
        self.edge.signal(signal.SIGHUP)
        until(lambda: self.homeward("admin", "get", "/v1/policy", *self.way(), "--token-file",
                                    out).returncode == 0, "the token")
        again = self.homeward("admin", "token", "--name", "nia", "--roles", "boss", "--out", "x")
        self.assertEqual(again.returncode, 2)


class Failing(unittest.TestCase):
    """An edge whose audit log fails changes nothing more."""

    def test_nothing_is_changed_without_a_record(self):
        edge = Edge({"west": [Endpoint(Origin("west"))]}, admin=True, file_blocks_max=5000)
        edge.start()
        self.addCleanup(edge.kill)

        def fails():
            """Fills the log until it fails."""
            curl.Load(edge, document("bytes-10"), requests=2000, clients=4, streams=10).finish()
            return admin.ask(edge, "GET", "/v1/status").json["audit"]["failed"]
        until(fails, edge.log, within=60)
        order = {"kind": "freeze", "region": "west", "seconds": 60, "reason": "x"}
        reply = admin.ask(edge, "POST", "/v1/orders", order)
        self.assertEqual((reply.status, reply.code), (503, "audit-failed"))
        self.assertEqual(admin.ask(edge, "POST", "/v1/orders?dry-run=true", order).status, 200)


if __name__ == "__main__":
    unittest.main()
