"""Stored answers on disk: what memory has no room for comes back, ends like anything else, and
tells nobody anything who reads the disk."""

import os
import pathlib

from harness import admin, cachepolicy
from harness.cachecase import CacheCase, write_sealing_key
from harness.cachetable import good
from harness.edge import Edge, Endpoint
from harness.waiting import until

#: How many answers are asked for: half as many again as memory holds.
COUNT = 200
#: What each of their bodies says again and again.
SECRET = b"a-word-in-the-clear-"


def body(name):
    """A body of its own for each script."""
    return (b'{"resourceType":"ValueSet","name":"%s","text":"' % name.encode()
            + SECRET * 600 + b'"}')


class Disk(CacheCase):
    """An edge with little memory and a disk."""

    @classmethod
    def settings(cls):
        return {"admin": True}

    @classmethod
    def policy(cls):
        return cachepolicy.POLICY.replace("seal: tenant\n", "seal: tenant\n      disk: sealed\n", 1)

    @classmethod
    def cache(cls):
        return {"region": "west", "sealing_key": "sealing.key", "size": "2MiB",
                "disk": "{ directory: cached, size: 16MiB }"}

    def figures(self):
        """What `homeward cache stats` shows."""
        return admin.ask(self.edge, "GET", "/v1/cache").json

    def reads(self):
        """Entries read back so far."""
        return sum(each["disk_reads"] for each in self.figures()["classes"])

    def keep_many(self, count=COUNT):
        """Has answers stored, most of which memory cannot hold; their scripts' names."""
        names = [self.name() for _ in range(count)]
        for name in names:
            # The same again for whoever asks once more.
            self.origin.expect(name, *[good(body=body(name))] * 3)
            found = self.get(f"/fhir/ValueSet/{name}")
            self.assertIn("stored", self.status(found))
        until(lambda: self.figures()["disk_entries"] > count // 4, self.figures)
        return names

    def hits(self, names):
        """The names of those whose answer comes from the cache; each answer is right."""
        result = []
        for name in names:
            before = len(self.origin.asked(name))
            found = self.get(f"/fhir/ValueSet/{name}")
            self.assertEqual((found.status, bytes(found.body)), (200, body(name)))
            if "hit" in self.status(found):
                self.assert_hit(found)
                self.assertNotIn("collapsed", self.status(found))
                self.assertEqual(len(self.origin.asked(name)), before)
                result.append(name)
            else:
                self.assertEqual(len(self.origin.asked(name)), before + 1)
        return result

    def file(self):
        """The edge's file without a name."""
        folder = pathlib.Path(f"/proc/{self.edge.process.pid}/fd")
        try:
            paths = list(folder.iterdir())
        except PermissionError:
            self.skipTest("only root looks into a process that keeps its memory to itself")
        wanted = str(self.edge.folder / "cached") + "/"
        found = [path for path in paths if os.readlink(path).startswith(wanted)]
        self.assertEqual(len(found), 1, [os.readlink(path) for path in paths])
        return found[0]

    def test_what_memory_cannot_hold_comes_back(self):
        names = self.keep_many()
        before = self.reads()
        self.assertGreater(len(self.hits(names)), COUNT * 8 // 10)
        self.assertGreater(self.reads() - before, COUNT // 5)
        figures = self.figures()
        self.assertLessEqual(figures["bytes"], figures["bytes_max"])
        self.assertEqual(figures["disk_bytes_max"], 16 << 20)
        self.assertGreater(figures["disk_bytes"], figures["disk_entries"] * 12_000)

    def test_nothing_can_be_read_there(self):
        names = self.keep_many()
        self.assertEqual(os.listdir(self.edge.folder / "cached"), [])
        file = self.file()
        status = os.stat(file)
        self.assertEqual((status.st_mode & 0o777, status.st_nlink), (0o600, 0))
        self.assertGreaterEqual(status.st_blocks * 512, 16 << 20)
        content = file.read_bytes()
        self.assertGreater(len(content) - content.count(0), COUNT // 4 * 12_000)
        for secret in (SECRET, b"ValueSet", b"content-type", names[0].encode()):
            self.assertNotIn(secret, content)

    def test_many_at_once(self):
        names = self.keep_many()
        clients = [self.h2() for _ in range(4)]
        # No more streams of a connection than the edge takes at once.
        for start in range(0, COUNT, 50):
            streams = [(name, client, client.request("GET", f"/fhir/ValueSet/{name}",
                                                     self.fields["nurse"]))
                       for name in names[start:start + 50] for client in clients]
            for name, client, stream in streams:
                found = client.finish(stream)
                self.assertEqual(
                    (found.status, bytes(found.body)), (200, body(name)), found.reset)

    def test_purges_end_it(self):
        for purge in ({"what": "tenant", "tenant": "north"}, {"what": "all"},
                      {"what": "tag", "tag": "ValueSet"},
                      {"what": "prefix", "authority": "edge.homeward.example", "path": "/fhir/"}):
            with self.subTest(purge):
                names = self.keep_many()
                found = admin.ask(
                    self.edge, "POST", "/v1/cache/purges", purge | {"reason": "a test"})
                self.assertEqual(found.status, 200, found)
                self.assertEqual(self.hits(names), [])

    def test_destroyed_keys_end_it(self):
        names = self.keep_many()
        found = admin.ask(self.edge, "POST", "/v1/cache/shreds", {
            "tenant": "north", "reason": "a test"}, token="officer")
        self.assertGreater(found.json["count"], 0)
        self.assertEqual(self.hits(names), [])

    def test_a_write_ends_it(self):
        names = self.keep_many()
        for name in names[:20]:
            self.origin.scripts[name][:0] = [good(body=b"written"), good(body=b"new")]
            path = f"/fhir/ValueSet/{name}"
            self.get(path, "nurse", ("content-type", "application/fhir+json"), method="PUT",
                     body=b'{"resourceType":"ValueSet"}')
            self.assertEqual(bytes(self.get(path).body), b"new")

    def test_changed_bytes_are_not_served(self):
        names = self.keep_many()
        with open(self.file(), "r+b") as file:
            size = os.fstat(file.fileno()).st_size
            for offset in range(0, size, 4096):
                file.seek(offset)
                old = file.read(1)
                file.seek(offset)
                file.write(bytes([old[0] ^ 1]))
        # Each answer is right, as `hits` sees.
        self.assertLess(len(self.hits(names)), COUNT)
        broken = sum(each["broken_seals"] for each in self.figures()["classes"])
        self.assertGreater(broken, 5)
        self.assertIn("does not open under its key", self.edge.log())


class Starts(CacheCase):
    """Edges that cannot have their disk."""

    def edge_with(self, disk, **options):
        """An edge that was not started."""
        edge = Edge({"west": [Endpoint(self.origin)], "east": [Endpoint(self.east)]},
                    policy=Disk.policy(),
                    cache={"region": "west", "sealing_key": "sealing.key", "disk": disk}, **options)
        write_sealing_key(edge)
        return edge

    def test_without_room_it_does_not_start(self):
        edge = self.edge_with("{ directory: cached, size: 16MiB }", file_blocks_max=8 << 11)
        edge.launch()
        self.assertEqual(edge.wait(), 1)
        self.assertIn("`cache.disk`: no file of 16777216 bytes in `", edge.log())
        self.assertEqual(os.listdir(edge.folder / "cached"), [])

    def test_without_its_folder_it_does_not_start(self):
        edge = self.edge_with("{ directory: missing/cached, size: 16MiB }")
        edge.launch()
        self.assertEqual(edge.wait(), 2)
        self.assertIn("[E403]", edge.log())
