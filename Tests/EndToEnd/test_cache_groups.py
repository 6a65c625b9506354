"""Groups of answers that origins end together: RFC 9875."""

from harness.cachetable import answer, good
from test_cache import JSON, KeptCase

P60 = "Cache-Control: public, max-age=60"


class Groups(KeptCase):
    """`Cache-Groups` on what is kept, `Cache-Group-Invalidation` on answers to what changes."""

    def grouped(self, groups, *lines):
        """Has an answer of some groups stored; the script's name and the path."""
        name, path, _ = self.keep("/fhir/ValueSet/{name}", f"Cache-Groups: {groups}", *lines)
        return name, path

    def change(self, *lines, fields=(), method="PUT", status=200):
        """Changes some other resource; these are lines of the origin's answer."""
        name = self.name()
        self.origin.expect(name, answer(*lines, status=status))
        found = self.get(f"/fhir/ValueSet/{name}", "nurse", JSON, *fields, method=method,
                         body=b'{"resourceType":"ValueSet"}')
        self.assertEqual(found.status, status)

    def assert_ended(self, name, path):
        """What was kept is of no use any more."""
        self.origin.expect(name, good())
        self.assertIn("stored", self.status(self.get(path)))

    def test_a_change_ends_the_groups_that_its_answer_names(self):
        for named in ('"red"', '"blue", "red"', '"green";a=1 , "red";b="c"'):
            with self.subTest(named):
                name, path = self.grouped('"red", "round"')
                _, other = self.grouped('"redder"')
                _, plain, _ = self.keep("/fhir/ValueSet/{name}")
                self.change(f"Cache-Group-Invalidation: {named}")
                for kept in (other, plain):
                    self.assert_hit(self.get(kept))
                self.assert_ended(name, path)

    def test_groups_of_any_word(self):
        for group in ('""', '"a b"', r'"a\"b\\"', '"' + "x" * 128 + '"', '"Red"'):
            with self.subTest(group):
                name, path = self.grouped(group)
                self.change('Cache-Group-Invalidation: "red"')
                self.assert_hit(self.get(path))
                self.change(f"Cache-Group-Invalidation: {group}")
                self.assert_ended(name, path)

    def test_who_may_not_end_a_group(self):
        name, path = self.grouped('"red"')
        # What does not change anything, a client, and an answer whose field does not read.
        other, _, _ = self.keep(
            "/fhir/ValueSet/{name}", 'Cache-Group-Invalidation: "red"', "Age: 100")
        self.change(fields=[("cache-group-invalidation", '"red"')])
        for line in ("red", '"red', '"red" "blue"', '"red",', "1", '("red")', '"red", blue',
                     "'red'", ":cmVk:", '"red";A=1'):
            self.change(f"Cache-Group-Invalidation: {line}")
        self.assert_hit(self.get(path))
        self.assertEqual((len(self.origin.asked(name)), len(self.origin.asked(other))), (1, 1))

    def test_as_many_as_32(self):
        groups = [f'"{number:032}"' for number in range(32)]
        for group in (groups[0], groups[31]):
            name, path = self.grouped(", ".join(groups))
            self.change(f"Cache-Group-Invalidation: {group}")
            self.assert_ended(name, path)
        name = self.name()
        self.origin.expect(name, good("Cache-Groups: " + ", ".join([*groups, '"one more"'])))
        self.assertEqual(self.status(self.get(f"/fhir/ValueSet/{name}"))["detail"], "too-many-tags")

    def test_more_than_can_be_told_apart_ends_all(self):
        grouped = [self.grouped('"red"'), self.grouped('"blue"')]
        _, plain, _ = self.keep("/fhir/ValueSet/{name}")
        self.change("Cache-Group-Invalidation: " + ", ".join(f'"g{n}"' for n in range(200)))
        self.assert_hit(self.get(plain))
        for name, path in grouped:
            self.assert_ended(name, path)

    def test_what_was_fetched_meanwhile_is_not_kept(self):
        name = self.name()
        path = f"/fhir/ValueSet/{name}"
        self.origin.expect(name, good('Cache-Groups: "red"', is_held=True))
        finish = self.begin(path)
        self.until_asked(name, 1)
        self.change('Cache-Group-Invalidation: "red"')
        self.origin.release()
        found = finish()
        self.assertEqual(found.status, 200)
        self.assert_ended(name, path)

    def test_groups_outlive_a_validation_that_names_none(self):
        for lines, ends, stays in (((), '"red"', '"blue"'),
                                   (('Cache-Groups: "blue"',), '"blue"', '"red"')):
            name, path = self.grouped('"red"', "Age: 100")
            self.origin.expect(name, answer(P60, 'ETag: "v1"', *lines, status=304))
            self.assertEqual(self.status(self.get(path))["fwd-status"], "304")
            self.change(f"Cache-Group-Invalidation: {stays}")
            self.assert_hit(self.get(path))
            self.change(f"Cache-Group-Invalidation: {ends}")
            self.assert_ended(name, path)
