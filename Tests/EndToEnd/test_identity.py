"""Who asks: tokens, certificates, and what the edge says to those who prove nothing."""

import hmac
import json
import subprocess
import threading

from harness import tokens, workshop
from harness.case import EdgeCase
from harness.edge import Edge, Endpoint
from harness.origin import Origin
from harness.tokens import Issuer, Key, bearer
from harness.waiting import until

#: Reads go home for clinicians and for patients themselves; notes need two factors, writes a reason.
POLICY = """\
policy: identity
version: 1
regions:
  west: { jurisdiction: US }
never:
  - id: N-1
    say: Emergencies change nothing about where data lies
    when: { break_glass: ["true"], location: [CA] }
    serve: { region_not_in: [west] }
routes:
  - id: R-1
    say: Clinicians read
    when: { role: [clinician], operation: [read, search] }
    serve: [{ region: home, tier: primary }]
    audit: durable
  - id: R-2
    say: Patients read what is theirs
    when: { role: [patient], operation: [read, search], own_record: ["true"] }
    serve: [{ region: home, tier: primary }]
    audit: durable
  - id: R-3
    say: Notes need a second factor
    when: { role: [clinician], operation: [read, search], data_class: [notes] }
    overrides: [R-1]
    serve: [{ region: home, tier: primary }]
    obligations: [step-up-multi-factor]
    audit: durable
  - id: R-4
    say: Who writes says why
    when: { role: [clinician], operation: [create, update] }
    serve: [{ region: home, tier: primary }]
    obligations: [require-reason]
    audit: durable
  - id: R-5
    say: Billing sees redacted answers
    when: { role: [billing], operation: [read, search] }
    serve: [{ region: home, tier: primary }]
    obligations: [redact-restricted]
    audit: durable
  - id: R-6
    say: Machines read
    when: { role: [system], operation: [read, search] }
    serve: [{ region: home, tier: primary }]
    audit: durable
  - id: R-7
    say: The server's own description is for everybody
    when: { operation: [capabilities] }
    serve: [{ region: any, tier: primary }]
    audit: standard
"""

CHART = "/fhir/Observation?patient=p1&category=vital-signs"
NOTE = "/fhir/DocumentReference?patient=p1&category=clinical-note"


class Identity(EdgeCase):

    @classmethod
    def make(cls):
        cls.origin = Origin("west")
        cls.issuer = Issuer(algorithms=("ES256", "RS256"))
        cls.revocations = workshop.folder("revocations") / "revoked"
        cls.revocations.write_text("# nobody yet\n")
        return Edge({"west": [Endpoint(cls.origin)]}, policy=POLICY,
                    identity=tokens.section(cls.issuer, revocations=cls.revocations, grace="2s"))

    def get(self, path, token=None, *fields):
        """The answer to a read with a token."""
        fields = ([bearer(token)] if token else []) + list(fields)
        return self.h2().get(path, fields)

    def decision(self, answer):
        """The record of the decision behind an answer."""
        wanted = answer.header("ehr-decision-id")

        def find():
            for line in self.edge.audit_text().splitlines():
                record = json.loads(line)
                if wanted in line and "outcome" not in record.get("type", record.get("kind", "")):
                    return record
        return until(find, "the record of a decision")

    def assert_sealed(self, answer, reason):
        """The record holds the user's words for who has the key, and for nobody else."""
        self.decision(answer)
        wanted = ("--decision", answer.header("ehr-decision-id"))
        sealed = self.edge.audit_command("show", self.edge.folder / "audit", *wanted)
        self.assertNotIn(reason, sealed)
        key = ("--unseal", self.edge.folder / "pseudonym.key")
        opened = self.edge.audit_command("show", self.edge.folder / "audit", *wanted, *key)
        self.assertIn(f"reason given: {reason}\n", opened)
        record = json.loads(self.edge.audit_text(*wanted, *key).splitlines()[0])
        self.assertEqual(record["statedReason"], reason)
        # Neither in the log nor, in clear text, in any file of the audit log.
        self.assertNotIn(reason, self.edge.log())
        for path in (self.edge.folder / "audit").rglob("*"):
            if path.is_file():
                self.assertNotIn(reason.encode(), path.read_bytes(), path)

    def clinician(self, **claims):
        """A token of a clinician."""
        return self.issuer.token(**({"roles": ["clinician"]} | claims))

    def assert_challenge(self, answer, *parts):
        """The answer is 401 and says what would help."""
        self.assertEqual(answer.status, 401, answer.headers)
        for part in ("Bearer realm=\"homeward\"", *parts):
            self.assertIn(part, answer.header("www-authenticate"))

    # Tokens.

    def test_a_good_token_opens_the_chart(self):
        for key in self.issuer.keys:
            token = self.clinician(key=key)
            for connect in (self.h2, self.h1):
                answer = connect().get(CHART, [bearer(token)])
                self.assertEqual(answer.status, 200, (key.algorithm, answer.headers))
                self.assertIn("rule=R-1", answer.header("ehr-policy"))

    def test_nobody_is_told_what_would_help(self):
        answer = self.get(CHART)
        self.assert_outcome(answer, 401, "unauthenticated")
        self.assert_challenge(answer)
        self.assertNotIn("error=", answer.header("www-authenticate"))
        self.assert_challenge(self.get(CHART, None, ("authorization", "Basic YTpi")))
        self.assertEqual(self.origin.seen("Observation"), [])

    def test_the_servers_description_is_for_everybody(self):
        self.assertEqual(self.get("/fhir/metadata").status, 200)

    def test_tokens_that_prove_nothing(self):
        stranger = Issuer("ward")
        good = self.clinician()
        head, payload, _ = good.split(".")
        none = tokens.encode(json.dumps({"alg": "none", "kid": "ward-ES256"}).encode())
        attacks = {
            "expired": self.clinician(exp=1_000_000_000),
            "not-yet": self.clinician(nbf=9_000_000_000),
            "audience": self.clinician(aud="https://elsewhere.example"),
            "issuer": self.clinician(iss="https://evil.example"),
            "another's key": stranger.token(roles=["clinician"]),
            "unknown kid": self.clinician(header={"kid": "ward-2"}),
            "jku": self.clinician(header={"jku": "https://evil.example/keys"}),
            "none": f"{none}.{payload}.", "none, old signature": f"{none}.{payload}.AAAA",
            "HS256": self.clinician(header={"alg": "HS256"}),
            # Signed with what everybody can fetch, as a shared secret.
            "HS256 with the key set": self.shared_secret(self.issuer.file.read_bytes()),
            "HS256 with the public key": self.shared_secret(self.issuer.keys[1].public),
            "HS256 with nothing": self.shared_secret(b""),
            "another algorithm's key": self.clinician(
                key=self.issuer.keys[1], header={"kid": "ward-ES256"}),
            "kid of another algorithm": self.clinician(header={"kid": "ward-RS256"}),
            "kid as a path": self.clinician(header={"kid": "../../../../dev/null"}),
            "kid as SQL": self.clinician(header={"kid": "x' UNION SELECT 'key"}),
            "kid as a list": self.clinician(header={"kid": ["ward-ES256"]}),
            "no kid": self.clinician(header={"kid": None}),
            "x5u": self.clinician(header={"x5u": "https://evil.example/chain"}),
            "x5c": self.clinician(header={"x5c": ["MIIB"]}),
            "jwk": stranger.token(header={"kid": "ward-ES256", "jwk": stranger.keys[0].jwk}),
            "crit": self.clinician(header={"crit": ["exp"]}),
            "issued in the future": self.clinician(iat=9_000_000_000),
            "no expiry": self.clinician(exp=None),
            "expiry as text": self.clinician(exp="9000000000"),
            "one more signature": good + "." + good.split(".")[2],
            "cut": good[:-9], "no signature": f"{head}.{payload}", "noise": "äöü-" * 9, "dots": "..",
            "large": self.clinician(pad="x" * 9000), "two": f"{good} {good}",
        }
        for name, token in attacks.items():
            with self.subTest(name):
                answer = self.get(CHART, token)
                self.assert_outcome(answer, 401, "unauthenticated")
                self.assert_challenge(answer, 'error="invalid_token"')
                said = str(answer.headers) + str(bytes(answer.body))
                if len(token) > 12:
                    self.assertNotIn(token[:12], said)
        self.assertEqual(self.origin.seen("Observation"), [])
        self.assertNotIn(good[-20:], self.edge.log())

    def shared_secret(self, secret):
        """A token with an HMAC under a secret that is none."""
        text = ".".join(tokens.encode(json.dumps(part).encode()) for part in (
            {"alg": "HS256", "typ": "JWT", "kid": "ward-RS256"},
            {"iss": self.issuer.url, "aud": tokens.AUDIENCE, "sub": "alice", "exp": 9_000_000_000,
             "roles": ["clinician"]}))
        return f"{text}.{tokens.encode(hmac.digest(secret, text.encode(), 'sha256'))}"

    def test_two_tokens_are_none(self):
        answer = self.h1().get(CHART, [bearer(self.clinician()), bearer(self.clinician())])
        self.assertIn(answer.status, (400, 401))
        self.assertEqual(self.origin.seen("Observation"), [])

    def test_the_record_names_who_asked_and_no_token(self):
        token = self.clinician(sub="dr-jones", jti="a-token-id")
        record = str(self.decision(self.get(CHART, token)))
        self.assertIn("clinician", record)
        text = self.edge.audit_text()
        self.assertNotIn("a-token-id", text)
        self.assertNotIn(token[-20:], text)

    def test_a_user_is_found_whatever_token_he_came_with(self):
        ids = [self.get(CHART, self.clinician(sub="found", jti=f"token-{number}"))
               .header("ehr-decision-id") for number in range(2)]
        other = self.get(CHART, self.clinician(sub="another")).header("ehr-decision-id")

        def found():
            text = self.edge.audit_command(
                "search", self.edge.folder / "audit", "--json", "--user",
                f"{self.issuer.name}|found", "--unseal", self.edge.folder / "pseudonym.key")
            return [json.loads(line).get("id") for line in text.splitlines()]
        until(lambda: set(ids) <= set(found()), found)
        self.assertNotIn(other, found())

    def test_what_a_request_says_of_itself_ends_here(self):
        token = self.clinician()
        fields = [("ehr-reason", "annual check of the record"), ("ehr-purpose", "TREAT"),
                  ("ehr-role", "administrator"), ("x-consent-scope", "bypass"),
                  ("x-fhir-dsid", "victim"), ("x-fhir-tenant-id", "other")]
        self.assertEqual(self.get(CHART, token, *fields[:1], *fields[2:]).status, 200)
        request = self.origin.requests[-1]
        for name, _ in fields:
            self.assertEqual(request.values(name), [], name)
        self.assertEqual(len(request.values("authorization")), 1)

    # Facts.

    def test_roles_decide(self):
        self.assert_outcome(self.get(CHART, self.issuer.token(roles=["nurse"])), 403, "no-rule")
        self.assert_outcome(self.get(CHART, self.issuer.token()), 403, "no-rule")

    def test_patients_see_what_is_theirs(self):
        mine = {"fhirUser": "Patient/p1", "patient": "p1", "sub": "p1-login"}
        self.assertEqual(self.get(CHART, self.issuer.token(**mine)).status, 200)
        others = mine | {"fhirUser": "Patient/p2", "patient": "p2"}
        self.assert_outcome(self.get(CHART, self.issuer.token(**others)), 403, "no-rule")

    def test_a_second_factor_is_asked_for(self):
        answer = self.get(NOTE, self.clinician(amr=["pwd"]))
        self.assert_outcome(answer, 401, "step-up-required")
        self.assert_challenge(
            answer, 'error="insufficient_user_authentication"', 'acr_values="')
        self.assertIn("phr", answer.header("www-authenticate"))
        self.assertEqual(self.get(NOTE, self.clinician(amr=["pwd", "otp"])).status, 200)
        self.assertEqual(self.get(NOTE, self.clinician(acr="phr")).status, 200)

    def test_a_reason_is_asked_for(self):
        token = self.clinician()

        def put(*fields):
            client = self.h2()
            return client.finish(client.request(
                "PUT", "/fhir/Observation/p1.1", 
                [bearer(token), ("content-type", "application/fhir+json"), *fields],
                body=b'{"resourceType":"Observation"}'))

        for fields in ((), [("ehr-reason", "short")], [("ehr-reason", "x" * 300)],
                       [("ehr-reason", "one good reason"), ("ehr-reason", "another good one")]):
            self.assert_outcome(put(*fields), 403, "reason-required")
        answer = put(("ehr-reason", "corrected after the round"))
        self.assertNotIn(answer.status, (401, 403), answer.headers)
        self.assertEqual(self.origin.requests[-1].values("ehr-reason"), [])
        self.assert_sealed(answer, "corrected after the round")

    def test_an_obligation_that_cannot_be_met_is_a_refusal(self):
        answer = self.get(CHART, self.issuer.token(roles=["billing"]))
        self.assert_outcome(answer, 501, "obligation-unmet")

    def test_the_glass_breaks_with_reason_factor_and_right(self):
        glass, reason = ("ehr-purpose", "BTG"), ("ehr-reason", "unconscious in the ER")
        both = {"purpose_of_use": ["TREAT", "BTG"]}
        self.assert_outcome(
            self.get(CHART, self.clinician(purpose_of_use="TREAT", acr="phr"), glass, reason),
            403, "purpose-not-granted")
        self.assert_challenge(
            self.get(CHART, self.clinician(**both), glass, reason),
            'error="insufficient_user_authentication"')
        strong = self.clinician(acr="phr", **both)
        self.assert_outcome(self.get(CHART, strong, glass), 403, "reason-required")
        answer = self.get(CHART, strong, glass, reason)
        self.assertEqual(answer.status, 200)
        self.assertIn("emergency", str(self.decision(answer)))
        self.assert_sealed(answer, reason[1])
        usual = self.get(CHART, strong)
        self.assertIn("treatment", str(self.decision(usual)))
        self.assert_outcome(
            self.get(CHART, strong, ("ehr-purpose", "HRESCH")), 403, "purpose-not-granted")

    def test_what_was_refused_for_the_users_sake_replays(self):
        self.get(CHART)
        self.get(CHART, self.issuer.token(roles=["billing"]))
        self.get(NOTE, self.clinician(amr=["pwd"]))
        until(lambda: "obligation-unmet" in self.edge.audit_text(), "the records")
        result = subprocess.run(
            [workshop.binary(), "audit", "replay", self.edge.folder / "audit",
             "--policy", self.edge.policy_file], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_granular_scopes_cover_searches_inside_them(self):
        token = self.clinician(scope="user/Observation.rs?category=vital-signs")

        def scope(path):
            return self.decision(self.get(path, token))["scope"]

        self.assertEqual(scope(CHART), "granted")
        for path in ("/fhir/Observation?patient=p1", "/fhir/Observation/p1.1",
                     "/fhir/Observation?patient=p1&category=vital-signs,laboratory",
                     "/fhir/Observation?patient=p1&category:not=vital-signs",
                     f"{CHART}&_revinclude=Provenance:target", f"{CHART}&whatever=1"):
            self.assertEqual(scope(path), "missing", path)

    # Change.

    def test_a_revoked_token_is_refused_at_once(self):
        token = self.clinician(jti="lost-badge", sub="bob")
        client = self.h2()
        self.assertEqual(client.get(CHART, [bearer(token)]).status, 200)
        self.revocations.write_text("token lost-badge\n")
        until(lambda: client.get(CHART, [bearer(token)]).status == 401, "the revocation")
        other = self.clinician(jti="other", sub="bob")
        self.assertEqual(client.get(CHART, [bearer(other)]).status, 200)
        self.revocations.write_text("subject ward bob\n")
        until(lambda: client.get(CHART, [bearer(other)]).status == 401, "the revocation")
        self.revocations.write_text("# nobody\n")
        until(lambda: client.get(CHART, [bearer(token)]).status == 200, "its end")

    def test_keys_rotate_under_load(self):
        old, new = self.issuer.keys[0], Key("ES256", "ward-next")
        late = self.clinician(key=old)
        stop, counts, failures = threading.Event(), {"n": 0}, []

        def read(make):
            client = self.h2()
            while not stop.is_set():
                answer = client.get(CHART, [bearer(make())])
                counts["n"] += 1
                if answer.status != 200:
                    failures.append((answer.status, answer.header("www-authenticate")))

        steady = [self.issuer.token(key=self.issuer.keys[1], roles=["clinician"], jti=f"r{i}")
                  for i in range(4)]
        threads = [threading.Thread(target=read, args=(lambda t=t: t,)) for t in steady]
        for thread in threads:
            thread.start()
        try:
            self.issuer.publish(*self.issuer.keys, new)
            early = self.clinician(key=new)
            client = self.h2()
            until(lambda: client.get(CHART, [bearer(early)]).status == 200, "the new key")
            self.assertEqual(client.get(CHART, [bearer(late)]).status, 200)
            self.issuer.publish(self.issuer.keys[1], new)
            until(lambda: client.get(CHART, [bearer(late)]).status == 401, "the old key's end")
            self.assertEqual(client.get(CHART, [bearer(early)]).status, 200)
            seen = counts["n"]
            until(lambda: counts["n"] > seen + 100, "more load")
        finally:
            stop.set()
            for thread in threads:
                thread.join()
            self.issuer.publish(*self.issuer.keys)
        until(lambda: self.get(CHART, late).status == 200, "the old key's return")
        self.assertEqual(failures, [])
        self.assertGreater(counts["n"], 100)

    def test_keys_outlive_their_file_for_the_grace_period(self):
        token, text = self.clinician(), self.issuer.file.read_text()
        self.issuer.file.write_text('{"keys": [')
        until(lambda: "cannot be read" in self.edge.log(), "the failure in the log")
        client = self.h2()
        self.assertEqual(client.get(CHART, [bearer(token)]).status, 200)
        self.assertEqual(client.get(CHART, [bearer(self.clinician(jti="2"))]).status, 200)
        until(lambda: client.get(CHART, [bearer(token)]).status == 503, "the end of the grace")
        self.assert_outcome(
            client.get(CHART, [bearer(self.clinician(jti="3"))]), 503, "identity-unavailable")
        self.issuer.file.write_text(text)
        until(lambda: client.get(CHART, [bearer(token)]).status == 200, "the keys' return")

    def test_clients_that_leave_while_their_token_is_verified(self):
        made = [self.clinician(jti=f"leaving-{number}") for number in range(12)]
        for token in made:
            client = self.h2()
            stream = client.request("GET", CHART, [bearer(token)])
            client.reset(stream)
            self.assertEqual(client.get(CHART, [bearer(made[0])]).status, 200)
            client.request("GET", CHART, [bearer(token + "A")])
            client.close()

    # People.

    def facts(self, token, *arguments):
        """`homeward facts token -`: exit status and what it says."""
        result = subprocess.run(
            [workshop.binary(), "facts", "token", "-", "--config", self.edge.configuration,
             *arguments], input=token, capture_output=True, text=True)
        return result.returncode, result.stdout + result.stderr

    def test_support_sees_what_a_token_proves(self):
        token = self.clinician(scope="openid user/Observation.rs", acr="phr", tenant="ward")
        status, text = self.facts(token + "\n")
        self.assertEqual(status, 0, text)
        for part in ("clinician", "phishing-resistant", "user/Observation.rs", "ward|alice|"):
            self.assertIn(part, text)
        self.assertNotIn(token[-20:], text)
        status, text = self.facts(self.clinician(exp=1_000_000_000), "--json")
        self.assertEqual((status, json.loads(text)["reason"]), (1, "expired"))


class Certificates(EdgeCase):
    """Machines that prove who they are by their certificate."""

    @classmethod
    def make(cls):
        cls.origin = Origin("west")
        cls.issuer = Issuer()
        rule = "{ uri: \"urn:homeward:client:*\", role: system, assurance: single-factor }"
        return Edge({"west": [Endpoint(cls.origin)]}, policy=POLICY,
                    identity=tokens.section(cls.issuer, certificates=[rule]))

    def test_a_known_machine_needs_no_token(self):
        answer = self.h2(certificate="client").get(CHART)
        self.assertEqual(answer.status, 200, answer.headers)
        self.assertIn("rule=R-6", answer.header("ehr-policy"))

    def test_an_unknown_one_does(self):
        self.assertEqual(self.h2().get(CHART).status, 401)

    def test_a_token_weighs_more_than_the_machine(self):
        token = self.issuer.token(roles=["clinician"])
        answer = self.h2(certificate="client").get(CHART, [bearer(token)])
        self.assertIn("rule=R-1", answer.header("ehr-policy"))
        bad = self.h2(certificate="client").get(CHART, [bearer(token[:-8] + "AAAAAAAA")])
        self.assertEqual(bad.status, 401)
