"""Random policies and requests: the cache serves nobody what his own plan would not let him have.

The referee knows each random policy as a table, not by the evaluator: it says for every answer out
of the cache whether the one who got it may have it, given who caused it to be stored.
"""

import dataclasses
import itertools
import random

from harness import cachecase, cachepolicy, h2, tokens
from harness.case import EdgeCase
from harness.edge import Edge, Endpoint
from harness.script import Reply, ScriptedOrigin

HERE = "west"
ROLES = ("clinician", "nurse", "billing", "pharmacist")
PURPOSES = {"treatment": "TREAT", "research": "HRESCH", "unknown": None}
#: By class, where its resources lie; a patient's class names one.
PLACES = {"reference": "/fhir/ValueSet/k000{number}", "scheduling": "/fhir/Slot/k000{number}",
          "asset": "/app/k000{number}.js",
          "vitals": "/fhir/Observation?patient={patient}&category=vital-signs&_id=k000{number}",
          "laboratory": "/fhir/Observation?patient={patient}&code=http://loinc.org%7C2339-0"
                        "&_id=k000{number}"}
CLINICAL = ("vitals", "laboratory")
HOMES = {"p1": "west", "p2": "east", "p4": "west"}


@dataclasses.dataclass(frozen=True)
class User:
    """Who asks."""

    name: str
    role: str
    tenant: str
    purpose: str


@dataclasses.dataclass(frozen=True)
class Asked:
    """A request, as far as the referee is concerned, and when it was made."""

    user: User
    kind: str
    number: int
    patient: str | None
    accept: str
    turn: int = 0


class Table:
    """A random policy: for each class a row, for each class and role a route or none."""

    def __init__(self, chance):
        self.rows = {kind: self.row(chance, kind) for kind in PLACES}
        self.routes = {}
        for kind, role in itertools.product(PLACES, ROLES):
            fate = chance.random()
            if fate < 0.12:
                continue
            regions = chance.sample(["home"] if kind in CLINICAL else ["west", "east"],
                                    1 if kind in CLINICAL else chance.choice([1, 1, 2]))
            has_cache = self.rows[kind] is not None and fate < 0.85
            staleness = chance.choice(["1m", "1h"])
            self.routes[kind, role] = (regions, has_cache, staleness)

    @staticmethod
    def row(chance, kind):
        """What is kept of a class, within what the language allows; None for nothing."""
        if chance.random() < 0.1:
            return None
        key = {part for part in ("tenant", "region", "role", "user", "purpose")
               if chance.random() < 0.4}
        if kind in CLINICAL:
            key |= {"tenant", "consent"}
        readers = {}
        if chance.random() < 0.4:
            readers["role"] = chance.sample(ROLES, 2)
            key.add("role")
        if chance.random() < 0.3:
            readers["purpose"] = chance.sample(sorted(PURPOSES), 2)
            key.add("purpose")
        invalidate = ["write", "consent", "patient-write"] if kind in CLINICAL else ["write"]
        return {"key": sorted(key), "readers": readers, "invalidate": invalidate,
                "seal": chance.choice(["none", "region", "tenant", "user"]),
                "regions": chance.choice(["any", "home", "west", "east"]
                                         if kind in CLINICAL else ["any", "any", "west", "east"])}

    def text(self):
        """The policy's file."""
        lines = ["policy: random", "version: 1", "tenants: [north, south]", "regions:",
                 "  west: { jurisdiction: US }", "  east: { jurisdiction: US }", "routes:",
                 "  - id: W-1", "    say: Changes go to the West",
                 "    when: { operation: [update] }",
                 "    serve: [{ region: west, tier: primary }]", "    audit: standard"]
        for (kind, role), (regions, has_cache, staleness) in self.routes.items():
            lines += [f"  - id: R-{kind}-{role}", f"    say: {role} and {kind}",
                      f"    when: {{ operation: [read, search, asset], data_class: [{kind}],"
                      f" role: [{role}] }}", "    serve:"]
            if has_cache:
                lines.append(f"      - {{ region: {HERE}, tier: cache, staleness: {staleness} }}")
            lines += [f"      - {{ region: {region}, tier: primary }}" for region in regions]
            lines.append("    audit: standard")
        lines.append("cache:")
        for kind, row in self.rows.items():
            lines.append(f"  - data_class: [{kind}]")
            if row is None:
                lines.append("    store: never")
                continue
            readers = ", ".join(f"{name}: [{', '.join(words)}]"
                                for name, words in row["readers"].items())
            lines += ["    store:", f"      regions: [{row['regions']}]", "      ttl: 1m",
                      f"      key: [{', '.join(row['key'])}]", f"      seal: {row['seal']}",
                      f"      invalidate: [{', '.join(row['invalidate'])}]"]
            if readers:
                lines.append(f"      readers: {{ {readers} }}")
        lines += [f"  - data_class: [{cachepolicy.NEVER}]", "    store: never"]
        return "\n".join(lines) + "\n"

    def regions(self, asked):
        """Whence the policy lets the request be answered; None when it is refused."""
        route = self.routes.get((asked.kind, asked.user.role))
        if not route:
            return None
        return {HOMES[asked.patient] if region == "home" else region for region in route[0]}

    def objection(self, asked, filler, source, changed_turn):
        """Why `asked` must not get what `filler` caused to be stored; None when he may."""
        route, row = self.routes.get((asked.kind, asked.user.role)), self.rows[asked.kind]
        if not route or not route[1] or row is None:
            return "the plan has no cache"
        home = HOMES.get(asked.patient)
        if row["regions"] not in ("any", HERE) and (row["regions"] != "home" or home != HERE):
            return "nothing of this may be kept here"
        same = [("class", asked.kind, filler.kind), ("target", asked.number, filler.number),
                ("patient", asked.patient, filler.patient), ("format", asked.accept, filler.accept),
                ("tenant", asked.user.tenant, filler.user.tenant)]
        keyed = set(row["key"]) | ({"user"} if row["seal"] == "user" else set())
        same += [(part, getattr(asked.user, name), getattr(filler.user, name))
                 for part, name in (("role", "role"), ("purpose", "purpose"), ("user", "name"))
                 if part in keyed]
        for name, mine, his in same:
            if mine != his:
                return f"another {name}: {mine}, not {his}"
        if ("tenant" in keyed or row["seal"] == "tenant") and asked.user.tenant == "other":
            return "an organisation that nobody knows"
        if "purpose" in keyed and asked.user.purpose == "unknown":
            return "a purpose that nobody knows"
        for name, words in row["readers"].items():
            if getattr(asked.user, name) not in words:
                return f"no reader: {getattr(asked.user, name)}"
        if source not in self.regions(asked):
            return f"from {source}, which the plan does not name"
        if filler.turn < changed_turn:
            return "changed since"
        return None


class SerialOrigin(ScriptedOrigin):
    """Each answer is told from all others, of whichever origin."""

    serial = itertools.count(1)

    def _behaviour(self, request):
        body = f"{self.region} {next(self.serial)}".encode()
        return self._play, [Reply(200, ("Cache-Control: public, max-age=50",),
                                  kind="text/plain"), body]


class Referee(EdgeCase):
    """One edge for each random policy."""

    @classmethod
    def setUpClass(cls):
        cls.issuer = tokens.Issuer()
        cls.users, cls.fields = [], {}
        for number, (role, tenant, purpose) in enumerate(
                itertools.product(ROLES, ("north", "south", "other"), PURPOSES)):
            # Two users who differ in nothing but who they are, for some.
            for twin in range(2 if number % 3 == 0 else 1):
                user = User(f"u{number}-{twin}", role, tenant, purpose)
                claims = {"roles": [role], "tenant": "nobody" if tenant == "other" else tenant,
                          "sub": user.name, "purpose_of_use": PURPOSES[purpose]}
                cls.users.append(user)
                cls.fields[user] = tokens.bearer(cls.issuer.token(**claims))

    @classmethod
    def tearDownClass(cls):
        pass

    def tearDown(self):
        pass

    def serve(self, table):
        """An edge with this policy."""
        origins = [SerialOrigin("west", homes=("east",)), SerialOrigin("east", homes=("west",))]
        edge = Edge({origin.region: [Endpoint(origin)] for origin in origins}, policy=table.text(),
                    identity=tokens.section(self.issuer), paths=cachecase.ASSETS,
                    patients=[f"{name},{home},US-AZ,granted," for name, home in HOMES.items()],
                    cache={"region": HERE, "sealing_key": "sealing.key"})
        cachecase.write_sealing_key(edge)
        self.edge = edge.start()

    def test_nobody_is_served_what_his_plan_does_not_allow(self):
        hits = 0
        for seed in range(1, 13):
            with self.subTest(seed=seed):
                chance = random.Random(seed)
                table = Table(chance)
                self.serve(table)
                hits += self.play(table, chance, seed)
                self.assertEqual(self.edge.stop(), 0)
        self.assertGreater(hits, 300, "the test shows nothing")

    def play(self, table, chance, seed):
        """Random requests; how many were answered from the cache."""
        fillers, changed, hits, clients = {}, {}, 0, []
        # Few of each, so that many requests meet what others stored.
        users = chance.sample(self.users, 6)
        for turn in range(400):
            if turn % 40 == 0:
                # Refusals end a connection that asks for too many, idle ones delay the edge's end.
                for client in clients:
                    client.close()
                clients = [h2.Connection(self.edge.port) for _ in range(2)]
            kind = chance.choice(sorted(PLACES))
            asked = Asked(chance.choice(users), kind, chance.randrange(2),
                          chance.choice(sorted(HOMES)) if kind in CLINICAL else None,
                          chance.choice(["text/plain"] * 7 + ["application/json"]), turn)
            if chance.random() < 0.05 and kind != "asset":
                self.change(asked, chance.choice(clients))
                changed[self.subject(asked)] = turn
                continue
            path = PLACES[kind].format(number=asked.number, patient=asked.patient)
            client = chance.choice(clients)
            found = client.finish(client.request(
                "GET", path, [self.fields[asked.user], ("accept", asked.accept)]))
            regions, say = table.regions(asked), (seed, asked, found.headers)
            if regions is None:
                self.assertEqual(found.status, 403, say)
                continue
            self.assertEqual(found.status, 200, say)
            body = bytes(found.body)
            source = body.decode().split()[0]
            if "; hit" not in (found.header("cache-status") or "") and body not in fillers:
                self.assertIn(source, regions, say)
                fillers[body] = asked
                continue
            hits += 1
            objection = table.objection(
                asked, fillers[body], source, changed.get(self.subject(asked), -1))
            self.assertIsNone(objection, (say, fillers[body]))
        for client in clients:
            client.close()
        return hits

    @staticmethod
    def subject(asked):
        """What a change is about: a resource, or a patient."""
        return asked.patient or (asked.kind, asked.number)

    def change(self, asked, client):
        """A change of what was asked for, or of something of the patient."""
        if asked.patient:
            path = f"/fhir/Observation/{asked.patient}.k000{asked.number}"
            body = ('{"resourceType":"Observation","subject":{"reference":"Patient/%s"}}'
                    % asked.patient).encode()
        else:
            path = PLACES[asked.kind].format(number=asked.number)
            kind = path.split("/")[2]
            body = b'{"resourceType":"%s","id":"k000%d"}' % (kind.encode(), asked.number)
        found = client.finish(client.request(
            "PUT", path, [self.fields[asked.user], ("content-type", "application/fhir+json")],
            body))
        self.assertEqual(found.status, 200, (asked, found.headers))
