"""An edge with a cache before scripted origins, and requests of many users."""

import itertools
import re
import secrets

from . import cachepolicy, h1, tokens
from .case import EdgeCase
from .edge import Edge, Endpoint
from .script import ScriptedOrigin

#: The claims of each user's token.
USERS = {
    "nurse": {"roles": ["nurse"], "tenant": "north"},
    "nora": {"roles": ["nurse"], "tenant": "north", "sub": "nora"},
    "doctor": {"roles": ["clinician"], "tenant": "north", "sub": "doctor"},
    "biller": {"roles": ["billing"], "tenant": "north", "sub": "biller"},
    "machine": {"roles": ["system"], "tenant": "north", "sub": "machine"},
    "helper": {"roles": ["support"], "tenant": "north", "sub": "helper"},
    "southern": {"roles": ["nurse"], "tenant": "south"},
    "stray": {"roles": ["nurse"], "tenant": "elsewhere"},
    "loner": {"roles": ["nurse"], "tenant": None},
    "researcher": {"roles": ["nurse"], "tenant": "north", "purpose_of_use": "HRESCH"},
    "carer": {"roles": ["nurse"], "tenant": "north", "purpose_of_use": "TREAT"},
    "carer2": {"roles": ["nurse"], "tenant": "north", "purpose_of_use": "TREAT", "sub": "carer2"},
}
#: What a path of an application's own files ends in.
ASSETS = ("{ path: /app/*, class: asset }", '{ path: "*.css", class: asset }')


def write_sealing_key(edge):
    """Makes the key under which an edge wraps the keys of what it keeps."""
    key = edge.folder / "sealing.key"
    key.write_text(secrets.token_hex(32))
    key.chmod(0o600)


class CacheCase(EdgeCase):
    """Tests of the cache; each takes a script's name of its own, which is part of its paths."""

    _names = itertools.count(1)

    @classmethod
    def make(cls):
        cls.origin = ScriptedOrigin("west", homes=("east",))
        cls.east = ScriptedOrigin("east", homes=("west",))
        cls.issuer = tokens.Issuer()
        cls.fields = {None: ()} | {
            name: (tokens.bearer(cls.issuer.token(**claims)),) for name, claims in USERS.items()}
        edge = Edge(
            {"west": [Endpoint(cls.origin)], "east": [Endpoint(cls.east)]},
            policy=cls.policy(), identity=tokens.section(cls.issuer, required="false"),
            patients=["p1,west,US-AZ,granted,", "p2,east,US-NY,granted,",
                      "p3,west,US-AZ,withdrawn,", "p4,west,US-AZ,granted,"],
            cache=cls.cache(), paths=ASSETS, **cls.settings())
        write_sealing_key(edge)
        return edge

    @classmethod
    def policy(cls):
        """The policy's text."""
        return cachepolicy.POLICY

    @classmethod
    def cache(cls):
        """The section `cache` of the configuration."""
        return {"region": "west", "sealing_key": "sealing.key"}

    def setUp(self):
        self.origin.forget()
        self.east.forget()
        self.client = self.h2()

    def name(self):
        """A new script's name."""
        return f"k{next(self._names):04}"

    def get(self, path, who="nurse", *fields, method="GET", client=None, body=None):
        """One request of a user, to the end."""
        client = client or self.client
        fields = [*self.fields[who], *fields]
        if isinstance(client, h1.Connection):
            client.request(method, path, fields, body or b"")
            return client.response(method)
        return client.finish(client.request(method, path, fields, body))

    # Sight.

    def status(self, answer):
        """What the edge says in `Cache-Status`, to which each cache on the way adds a member, as a
        mapping of words."""
        values = [value for name, value in answer.headers if name == "cache-status"]
        self.assertTrue(values, answer.headers)
        value = values[-1].split(",")[-1]
        parts = [part.strip() for part in value.split(";")]
        self.assertEqual(parts[0], "homeward", value)
        return dict(part.partition("=")[::2] for part in parts[1:])

    def assert_hit(self, answer):
        """The answer came from the cache: it says so, and how old it is."""
        status = self.status(answer)
        self.assertIn("hit", status)
        self.assertNotIn("fwd", status)
        self.assertRegex(answer.header("age") or "", r"^\d+$")
        self.assertRegex(status.get("ttl", ""), r"^-?\d+$")

    def assert_forwarded(self, answer):
        """The answer came from an origin just now."""
        self.assertNotIn("hit", self.status(answer), answer.headers)

    def assert_no_key(self, answer):
        """No field tells how entries are named or where they lie."""
        self.assertIsNone(re.search(r"key=", answer.header("cache-status") or ""))
