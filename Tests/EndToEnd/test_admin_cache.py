"""What operators ask of the cache, and end in it."""

import json
import subprocess

from harness import admin, workshop
from harness.cachecase import CacheCase
from harness.cachetable import good
from harness.waiting import until


class Operators(CacheCase):
    """Figures, explanations, purges; a tenant's keys."""

    @classmethod
    def settings(cls):
        return {"admin": True}

    def ask(self, method, target, body=None, **proof):
        """One request; its answer is as described."""
        return admin.ask(self.edge, method, target, body, **proof)

    def keep(self):
        """Has a file of an application stored; its path."""
        name = self.name()
        path = f"/app/{name}.js"
        self.origin.expect(name, good('ETag: "v1"', kind="text/javascript"))
        self.assertIn("stored", self.status(self.get(path, None)))
        return path

    def verdict(self, path):
        """What would become of a request for it."""
        answer = self.ask("POST", "/v1/cache/explanations", {
            "authority": "edge.homeward.example", "target": path}, token="auditor")
        self.assertEqual(answer.status, 200, answer)
        return answer.json["verdict"]

    def records(self, subject):
        """The records of such acts: author, scope, reason."""
        lines = map(json.loads, self.edge.audit_text().splitlines())
        return [(r["author"], r["scope"], r["detail"]) for r in lines
                if r["kind"] == "operator-action" and r["subject"] == subject]

    def test_figures_explanation_and_purge(self):
        path = self.keep()
        figures = self.ask("GET", "/v1/cache").json
        self.assertGreater(figures["entries"], 0)
        self.assertGreater(sum(c["stored"] for c in figures["classes"]), 0)
        self.assertEqual(self.verdict(path), "hit")
        purge = {"what": "prefix", "authority": "edge.homeward.example", "path": path,
                 "reason": "a test"}
        self.assertEqual(self.ask("POST", "/v1/cache/purges", purge, token="auditor").status, 403)
        ended = self.ask("POST", "/v1/cache/purges", purge)
        self.assertEqual((ended.status, ended.json["count"]), (200, 1), ended)
        self.assertEqual(self.verdict(path), "miss")
        until(lambda: ("tia", "a path prefix", "a test") in self.records("cache purge"),
              lambda: self.records("cache purge"))
        for authority in ("EDGE.homeward.example", "edge.homeward.example:443"):
            path = self.keep()
            ended = self.ask("POST", "/v1/cache/purges",
                             purge | {"authority": authority, "path": path})
            self.assertEqual((ended.status, ended.json["count"]), (200, 1), ended)
        path = self.keep()
        self.assertEqual(self.ask("POST", "/v1/cache/purges", {
            "what": "all", "reason": "a test"}).status, 200)
        self.assertNotEqual(self.verdict(path), "hit")

    def test_a_purge_says_one_thing(self):
        for body in ({"what": "tag"}, {"what": "all", "tenant": "north"}, {"what": "tenant"},
                     {"what": "prefix", "path": "/"}, {"what": "nothing"}):
            with self.subTest(body):
                self.assertEqual(
                    self.ask("POST", "/v1/cache/purges", body | {"reason": "x"}).status, 422)

    def purge(self, **what):
        """Ends something."""
        return self.ask("POST", "/v1/cache/purges", what | {"reason": "a test"})

    def test_a_type_ends_whatever_looks_at_it(self):
        for tag, path in (("ValueSet", "/fhir/ValueSet/$expand?url=http://x/{name}"),
                          ("ValueSet", "/fhir/ValueSet/{name}/$expand"),
                          ("ValueSet", "/fhir/ValueSet/{name}"),
                          ("ValueSet/{name}", "/fhir/ValueSet?_id={name}"),
                          ("ValueSet/{name}", "/fhir/ValueSet/{name}/$expand"),
                          ("CodeSystem/x", "/fhir/CodeSystem/$lookup?code={name}")):
            with self.subTest(tag=tag, path=path):
                name = self.name()
                path = path.format(name=name)
                self.origin.expect(name, good(body=b"old"), good(body=b"new"))
                self.get(path)
                self.assert_hit(self.get(path))
                ended = self.purge(what="tag", tag=tag.format(name=name))
                self.assertEqual(ended.status, 200, ended)
                self.assertEqual(bytes(self.get(path).body), b"new")

    def test_what_is_not_there_is_not_ended(self):
        name = self.name()
        path = f"/fhir/ValueSet/{name}"
        self.origin.expect(name, good())
        self.get(path)
        for tag in ("Valueset", "ValueSet/", "ValueSet/1/2", "/1", "unknown", "none"):
            with self.subTest(tag):
                answer = self.purge(what="tag", tag=tag)
                self.assertEqual((answer.status, answer.json["title"]), (422, "unknown-tag"), answer)
        # However many are asked about: none takes a place that a tenant of the policy needs.
        for number in range(3):
            tenant = f"Norht{number}"
            shred = self.ask("POST", "/v1/cache/shreds", {"tenant": tenant, "reason": "x"},
                             token="officer")
            for answer in (self.purge(what="tenant", tenant=tenant), shred):
                self.assertEqual(answer.status, 422, answer)
                self.assertEqual(answer.json["title"], "unknown-tenant")
                self.assertIn("`north`, `south`", answer.json["detail"])
                self.assertEqual(answer.json["detail"].count("Norht"), 1, answer)
        self.assertEqual(self.purge(what="prefix", authority="a b", path="/").status, 422)
        self.assert_hit(self.get(path))

    def test_an_explanation_is_of_one_request(self):
        for target in ("/app/a HTTP/1.1\r\nx: y\r\n", "no path", ""):
            with self.subTest(target):
                self.assertEqual(self.ask("POST", "/v1/cache/explanations", {
                    "authority": "a", "target": target}).status, 422)

    def advice(self, path, **more):
        """What would become of a request of somebody."""
        answer = self.ask("POST", "/v1/cache/explanations", {
            "authority": "edge.homeward.example", "target": path} | more, token="officer")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def test_an_explanation_on_behalf_of_a_user(self):
        def bearer(who):
            return self.fields[who][0][1].partition(" ")[2]
        name = self.name()
        path = f"/fhir/ValueSet/{name}"
        self.origin.expect(name, good('ETag: "v1"'))
        self.assertIn("stored", self.status(self.get(path)))
        nobody = self.advice(path)
        self.assertEqual((nobody["verdict"], nobody["reason"]), ("bypass", "tenant-unknown"))
        for subject in ({"token": bearer("nurse")}, {"token": bearer("doctor")},
                        {"subject": {"role": "nurse", "tenant": "north"}}):
            told = self.advice(path, **subject)
            self.assertEqual(told["verdict"], "hit", told)
            self.assertEqual((told["class"], told["row"], told["stores"]), ("reference", 1, True))
            self.assertEqual(told["key"][:3], ["target", "region", "tenant"])
            self.assertEqual(told["ends"], ["write", "policy"])
            self.assertGreater(told["fresh_milliseconds"], 0)
        self.assertEqual(self.advice(path, token=bearer("southern"))["verdict"], "miss")
        self.assertEqual(
            self.advice(path, token=bearer("nurse"), fields=[
                {"name": "cache-control", "value": "no-store"}])["stores"], False)
        # The biller's route has no cache in it.
        self.assertEqual(
            self.advice(path, token=bearer("biller"))["reason"], "no-cache-in-plan")
        self.assertEqual(len(self.origin.asked(name)), 1)

        name = self.name()
        path = f"/fhir/Observation?patient=p1&category=vital-signs&_id={name}"
        self.origin.expect(name, good('ETag: "v1"'))
        self.assertIn("stored", self.status(self.get(path)))
        told = self.advice(path, token=bearer("nurse"))
        self.assertEqual((told["verdict"], told["class"]), ("hit", "vitals"), told)
        self.assertLess({"user", "role", "consent", "patient"}, set(told["key"]))
        self.assertEqual(self.advice(path, token=bearer("nora"))["verdict"], "miss")
        stated = self.advice(path, subject={"role": "nurse", "tenant": "north"})
        self.assertEqual((stated["verdict"], stated["reason"]), ("bypass", "user-unknown"))
        for token, why in (("x.y.z", "malformed"), (bearer("nurse") + "x", "wrong-signature")):
            told = self.advice(path, token=token)
            self.assertEqual(told["verdict"], "refused")
            self.assertTrue(told["reason"].startswith("unauthenticated ("), told)
        for text in (self.edge.log(), self.edge.audit_text(), json.dumps(told)):
            self.assertNotIn(bearer("nurse")[-40:], text)

    def test_an_explanation_has_one_sender(self):
        for more in ({"token": "a", "subject": {}}, {"client": "here"},
                     {"subject": {"role": "king"}}, {"subject": {"name": "x"}}):
            with self.subTest(more):
                self.assertEqual(self.ask("POST", "/v1/cache/explanations", {
                    "authority": "a", "target": "/"} | more).status, 422)

    def test_only_an_officer_shreds(self):
        body = {"tenant": "north", "reason": "a test"}
        self.assertEqual(self.ask("POST", "/v1/cache/shreds", body).status, 403)
        done = self.ask("POST", "/v1/cache/shreds", body, token="officer")
        self.assertEqual(done.status, 200, done)
        until(lambda: ("ted", "tenant north", "a test") in self.records("cache shred"),
              lambda: self.records("cache shred"))

    def homeward(self, *words):
        """Runs `homeward cache`."""
        return subprocess.run(
            [str(word) for word in (
                workshop.binary(), "cache", *words, "--config", self.edge.configuration, "--admin",
                f"https://127.0.0.1:{self.edge.admin_port}")],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30)

    def test_the_commands(self):
        path = self.keep()
        told = self.homeward("explain", path, "--authority", "edge.homeward.example")
        self.assertRegex(
            told.stdout, r"^hit\nby .+ row \d+ of the matrix\nclass asset, sensitivity \w+\n"
            r"key: target, .*accept-encoding.*\nended early by: policy\na server's answer may.*\n"
            r"\d+ ms old, fresh for \d+ ms, stored 2")
        stats = self.homeward("stats").stdout
        self.assertRegex(stats, r"(?m)^asset( +\d+){7}$")
        self.assertRegex(stats, r"(?m)^nobody's( +\d+){2}$")
        purged = self.homeward("purge", "--prefix", f"edge.homeward.example{path}", "--reason", "x")
        self.assertEqual(purged.stdout, "purged: 1 entry\n", purged.stderr)
        self.assertEqual(self.homeward("purge", "--all", "--tag", "A", "--reason", "x").returncode, 2)
        refused = self.homeward("shred", "north", "--reason", "x")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("one of the roles officer", refused.stderr)
