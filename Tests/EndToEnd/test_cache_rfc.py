"""RFC 9111 through the real edge: every case of the tables, one test each, one edge for all."""

import re

from cachetable import asking, changing, clinical, lifetimes, staleness, storing, validating
from harness.cachecase import CacheCase
from harness.cachetable import Player

TABLES = (lifetimes, storing, asking, validating, staleness, changing, clinical)


class CacheRFC(CacheCase):
    """Its tests are made from the tables, below."""

    def test_there_are_enough_cases(self):
        self.assertGreaterEqual(sum(len(table.CASES) for table in TABLES), 200)


def _play(played):
    return lambda test: Player(test, played).play()


for _table in TABLES:
    for _case in _table.CASES:
        _words = re.sub(r"\W+", "_", _case.name).strip("_").lower()
        _name = f"test_{_table.__name__.rpartition('.')[2]}_{_words}"
        assert not hasattr(CacheRFC, _name), f"two cases are called {_name}"
        setattr(CacheRFC, _name, _play(_case))
