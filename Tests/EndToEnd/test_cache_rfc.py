"""RFC 9111 through the real edge: every case of the tables, one test each, one edge for all; and
once more where the origin speaks HTTP/2."""

import re

from cachetable import asking, changing, clinical, lifetimes, staleness, storing, validating
from harness.cachecase import CacheCase
from harness.cachetable import Player
from harness.edge import Endpoint
from harness.programs import Nghttpx

TABLES = (lifetimes, storing, asking, validating, staleness, changing, clinical)


class CacheRFC(CacheCase):
    """Its tests are made from the tables, below."""

    def test_there_are_enough_cases(self):
        self.assertGreaterEqual(sum(len(table.CASES) for table in TABLES), 200)


class CacheBeforeHTTP2(CacheCase):
    """The same cases, a test for each table, but those about connections of HTTP/1.1."""

    @classmethod
    def make(cls):
        edge = super().make()
        front = Nghttpx(cls.origin, tls=False)
        cls.addClassCleanup(front.kill)
        edge.regions["west"] = [Endpoint(front, protocol="http2")]
        edge.configure()
        return edge


def _is_portable(played):
    """Whether a case means the same where nghttpx stands between the edge and the origin."""
    return all(reply.framing in ("length", "chunked", "trailers")
               and not any(line.startswith("Connection:") for line in reply.lines)
               for step in played.steps for reply in step.replies)


def _play(*cases):
    def play(test):
        for played in cases:
            Player(test, played).play()
    return play


for _table in TABLES:
    _kind = _table.__name__.rpartition(".")[2]
    setattr(CacheBeforeHTTP2, f"test_{_kind}", _play(*filter(_is_portable, _table.CASES)))
    for _case in _table.CASES:
        _words = re.sub(r"\W+", "_", _case.name).strip("_").lower()
        _name = f"test_{_kind}_{_words}"
        assert not hasattr(CacheRFC, _name), f"two cases are called {_name}"
        setattr(CacheRFC, _name, _play(_case))
