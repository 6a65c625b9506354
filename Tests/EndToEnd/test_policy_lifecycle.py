"""From an officer's file to the decisions of a running edge, and back."""

import re
import shutil
import signal
import subprocess
import time
import unittest

from harness import curl, policies
from harness.case import document
from harness.edge import Endpoint, check
from harness.officers import Office, VersionedEdge
from harness.origin import Origin
from harness.programs import Nginx
from harness.waiting import until

REGIONS = ["west"]
#: What every origin has.
DOCUMENT = document("bytes-1024", "p2")


def version_text(version, extra=""):
    """A version of the transport policy."""
    text = policies.transport(REGIONS, version=version)
    return text.replace(f"version: {version}\n", f"version: {version}\n{extra}", 1)


class LifecycleCase(unittest.TestCase):
    """A stopped edge with an office."""

    def setUp(self):
        self.edge = VersionedEdge(
            {"west": [Endpoint(self.make_origin())]}, patients=["p2,west,US-AZ,granted,"])
        self.addCleanup(lambda: self.edge.process and self.edge.kill())
        self.office = Office(self.edge, version_text)

    def make_origin(self):
        """The only origin."""
        return Origin("west")

    def activate(self, version):
        """Writes, approves and activates a version, each naming the one before."""
        self.office.write(version)
        result = self.office.activate(version)
        self.assertEqual(result.status, 0, result)

    def assert_refused(self, result, code, *words):
        """The command ended with 1 and gave this reason."""
        self.assertEqual(result.status, 1, result)
        self.assertIn(f"[{code}]", result.error)
        for word in words:
            self.assertIn(word, result.error)


class Activation(LifecycleCase):
    """What is refused is refused, and the version before stays."""

    def setUp(self):
        super().setUp()
        self.activate(1)

    def assert_still_one(self, last="refused 2"):
        """Version 1 is in force, whole, and the history tells what was refused."""
        status = self.office.status()
        self.assertEqual(status["active"]["version"], 1, status)
        self.assertTrue(status["ok"], status)
        self.assertEqual(self.office.history()[-1], last)

    def test_without_a_version_the_command_is_named(self):
        shutil.rmtree(self.office.state)
        status, text = check(self.edge.configuration)
        self.assertEqual(status, 2)
        self.assertIn("homeward policy activate --config", text)
        self.assertIn("[E415]", text)
        self.edge.launch()
        self.assertEqual(self.edge.wait(), 2)
        self.assertEqual(self.office.on_edge("status").status, 1)

    def test_too_few_signatures(self):
        self.office.write(2, approved_by=["amina"])
        self.assert_refused(self.office.activate(), "approvals", "1 of 2 needed approvals", "amina")
        self.assert_still_one()
        self.assertEqual(self.office.approve(2, "bela").status, 0)
        self.assertEqual(self.office.activate().status, 0)
        self.assertEqual(self.office.status()["active"]["version"], 2)

    def test_what_is_public_can_be_read_by_all(self):
        modes = {name: (self.edge.folder / name).stat().st_mode & 0o777
                 for name in ("amina.pub", "amina.key")}
        modes["approvals"] = self.office.path(1).with_suffix(".approvals").stat().st_mode & 0o777
        self.assertEqual(modes, {"amina.pub": 0o644, "amina.key": 0o600, "approvals": 0o644})

    def test_the_same_officer_counts_once(self):
        self.office.write(2, approved_by=["amina", "amina"])
        approvals = self.office.path(2).with_suffix(".approvals")
        approvals.write_text(approvals.read_text() * 2)
        self.assert_refused(
            self.office.activate(), "approvals", "1 of 2", "`amina` stands there twice")
        self.assert_still_one()

    def test_a_tampered_file(self):
        self.office.write(2)
        with self.office.path(2).open("a") as file:
            file.write("# nothing, really\n")
        self.assert_refused(self.office.activate(), "approvals", "0 of 2",
                            "`amina` approved other content", "`bela` approved other content")
        self.assert_still_one()

    def test_a_key_that_nobody_knows(self):
        self.office.write(2, approved_by=["amina"])
        stranger = self.edge.folder / "dora"
        self.office.run("keys", "generate", "--out", stranger)
        self.office.run("approve", self.office.path(2), "--key", f"{stranger}.key",
                        "--officer", "dora")
        self.assert_refused(self.office.activate(), "approvals", "which is no officer's key")
        refused = self.office.run("approve", self.office.path(2), "--key", f"{stranger}.key",
                                  "--config", self.edge.configuration)
        self.assert_refused(refused, "unknown-key")
        self.assert_still_one()

    def test_a_retired_key(self):
        self.office.write(2)
        self.office.write_officers(bela="2026-01-01T00:00:00Z")
        self.assert_refused(self.office.activate(), "approvals", "1 of 2",
                            "the key of `bela` is retired since 2026-01-01T00:00:00Z")
        # What came into force while the key was good stays.
        self.assert_still_one()
        self.assertEqual(check(self.edge.configuration)[0], 0)

    def test_effective_dates(self):
        self.office.write(2, "effective: { from: 2999-01-01T00:00:00Z }\n")
        self.assert_refused(self.office.activate(), "not-yet-effective", "2999-01-01T00:00:00")
        self.assert_still_one()
        self.office.write(3, "effective: { until: 2001-01-01T00:00:00Z }\n")
        self.assert_refused(self.office.activate(), "no-longer-effective", "2001-01-01T00:00:00")
        self.assert_still_one("refused 3")

    def test_a_version_that_follows_another(self):
        self.office.path(2).write_text(version_text(2))
        self.assert_refused(self.office.activate(), "follows-other", self.office.hash(1))
        self.assert_still_one()
        self.office.write(2)
        self.assertEqual(self.office.activate().status, 0)
        self.assert_refused(self.office.activate("1"), "not-newer")

    def test_phases_without_the_version_before(self):
        shutil.rmtree(self.office.state)
        self.office.path(2).write_text(
            version_text(2, "phases: { default: shadow }\n"))
        self.assert_refused(self.office.activate(), "no-predecessor", "0000000")

    def test_tests_that_fail(self):
        tests = """tests:
  - say: Nobody may read
    given: { operation: read, home: west }
    expect: { decision: forbidden, rule: T-1 }
"""
        self.office.path(2).write_text(self.office.text(2, tests))
        self.assert_refused(self.office.approve(2, "amina"), "tests", "Nobody may read")
        self.assert_refused(self.office.activate(), "tests", "Nobody may read")
        self.assert_still_one()

    def test_regions_that_the_edge_does_not_have(self):
        text = self.office.text(2).replace("  west:", "  east: { jurisdiction: US }\n  west:", 1)
        self.office.path(2).write_text(text)
        self.assert_refused(self.office.activate(), "does-not-fit", "`east`")
        self.assert_still_one()

    def test_a_file_with_mistakes(self):
        self.office.path(2).write_text(self.office.text(2).replace("tier: primary", "tier: primarry"))
        result = self.office.activate()
        self.assert_refused(result, "invalid")
        self.assertRegex(result.error, r"0002\.yaml:\d+:\d+: error: ")
        self.assert_still_one()
        self.assertEqual(self.office.approve(2, "amina").status, 1)

    def test_a_changed_archive_stops_the_start_and_can_be_repaired(self):
        archived = self.office.state / "versions" / (self.office.hash(1)[7:] + ".yaml")
        archived.write_text(archived.read_text() + "\n")
        status, text = check(self.edge.configuration)
        self.assertEqual(status, 2)
        self.assertIn("was changed after its activation", text)
        self.assertEqual(self.office.on_edge("status").status, 1)
        self.assertEqual(self.office.activate("1").status, 0)
        self.assertEqual(check(self.edge.configuration)[0], 0)

    def test_a_changed_history_is_not_written_over(self):
        history = self.office.state / "history"
        text = history.read_text()
        history.write_text(text.replace("amina", "anima", 1))
        self.office.write(2)
        self.assert_refused(self.office.activate(), "history-damaged", "line 1")
        self.assert_refused(self.office.on_edge("history"), "history-damaged")
        self.assertEqual(self.office.on_edge("status").status, 1)
        # The edge goes on with what is signed, and says that something is wrong.
        status, complaint = check(self.edge.configuration)
        self.assertEqual(status, 0)
        self.assertIn("[W404]", complaint)
        history.write_text(text)
        self.assertEqual(self.office.activate().status, 0)


class Crashes(LifecycleCase):
    """`kill -9` at any moment: the old version or the new one, whole, and the next command goes on."""

    def test_killed_activations(self):
        self.activate(1)
        began = time.monotonic()
        self.office.write(2)
        self.assertEqual(self.office.activate().status, 0)
        usual = time.monotonic() - began
        version, interrupted = 2, 0
        for attempt in range(40):
            self.office.write(version + 1)
            process = subprocess.Popen(
                self.office.command("activate", "--config", self.edge.configuration),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(usual / 3 * attempt / 40)
            process.kill()
            process.wait()
            status = self.office.status()
            self.assertFalse(status["faults"], status)
            found = status["active"]["version"]
            self.assertIn(found, (version, version + 1))
            interrupted += status["interrupted"] is not None
            result = self.office.activate()
            self.assertEqual(result.status, 0, result)
            version += 1
            status = self.office.status()
            self.assertTrue(status["ok"], status)
            self.assertEqual(status["active"]["version"], version)
        events = self.office.history()
        self.assertEqual(events.count(f"activated {version}"), 1)
        self.assertEqual(
            [event for event in events if event.startswith("activated")],
            [f"activated {number}" for number in range(1, version + 1)])
        self.assertEqual(sum(event.startswith("resumed") for event in events), interrupted)

    def interrupt(self):
        """Leaves version 2 in the journal, but not in force, as a crash between the two does."""
        self.activate(1)
        pointer = (self.office.state / "active").read_text()
        self.office.write(2)
        self.assertEqual(self.office.activate().status, 0)
        history = self.office.state / "history"
        lines = history.read_text().splitlines(keepends=True)
        self.assertIn(" activated 2 ", lines[-1])
        # Cut in the middle of the last line, which a crash may do as well.
        history.write_text("".join(lines[:-1]) + lines[-1][:40])
        (self.office.state / "active").write_text(pointer)

    def test_a_start_goes_on(self):
        self.interrupt()
        status = self.office.status()
        self.assertEqual(status["active"]["version"], 1)
        self.assertEqual(status["interrupted"]["version"], 2)
        self.edge.start()
        self.assertIn("policy version 2 is in force", self.edge.log())
        self.assertEqual(self.office.history()[-2:], ["resumed 2", "activated 2"])
        reply = curl.fetch(self.edge, DOCUMENT)
        self.assertIn("version=2", reply.header("ehr-policy"))
        self.assertEqual(self.edge.stop(), 0)

    def test_the_next_command_goes_on(self):
        self.interrupt()
        result = self.office.on_edge("rollback", "--json")
        self.assertEqual(result.status, 0, result)
        self.assertEqual(result.json["resumed"]["version"], 2)
        self.assertEqual(self.office.status()["active"]["version"], 1)
        self.assertEqual(
            self.office.history()[-4:],
            ["resumed 2", "activated 2", "rolling-back 1", "rolled-back 1"])


class Regions(unittest.TestCase):
    """A configured region gets requests as soon as a version names it, and only then."""

    NAMES = ["west", "east", "north", "south"]

    def setUp(self):
        origins = {name: [Endpoint(Origin(name))] for name in self.NAMES}
        self.edge = VersionedEdge(origins)
        self.addCleanup(lambda: self.edge.process and self.edge.kill())
        self.office = Office(self.edge, self.text)

    def text(self, version, extra=""):
        """Version 2 adds the last region, version 3 drops the first."""
        names = {1: self.NAMES[:3], 2: self.NAMES, 3: self.NAMES[1:]}[version]
        return policies.transport(names, version=version)

    def served(self):
        """By patient, `p1` at home in the first region: who answers; None for nobody."""
        replies = [curl.fetch(self.edge, document("bytes-10", f"p{i}")) for i in range(1, 5)]
        self.assertLessEqual({reply.status for reply in replies}, {200, 503})
        return [reply.header("ehr-region") if reply.status == 200 else None for reply in replies]

    def activate(self, version):
        """Puts a version into force."""
        self.office.write(version)
        result = self.office.activate()
        self.assertEqual(result.status, 0, result)

    def test_they_come_and_go_without_a_restart(self):
        self.activate(1)
        status, text = check(self.edge.configuration)
        self.assertEqual(status, 0, text)
        self.edge.start()
        self.assertEqual(self.served(), ["west", "east", "north", None])
        for version, expected in ((2, self.NAMES), (3, [None, *self.NAMES[1:]]),):
            self.activate(version)
            until(lambda: self.served() == expected, lambda: self.edge.log()[-2000:], within=3)
        self.assertEqual(self.office.on_edge("rollback").status, 0)
        until(lambda: self.served() == self.NAMES, lambda: self.edge.log()[-2000:], within=3)
        self.assertEqual(self.edge.stop(), 0)


class Running(LifecycleCase):
    """A running edge follows within a second and drops nothing."""

    def make_origin(self):
        nginx = Nginx("west", tls=False)
        self.addCleanup(nginx.kill)
        return nginx

    def setUp(self):
        super().setUp()
        self.activate(1)
        self.edge.start()

    def version(self):
        """The version that decides a request."""
        reply = curl.fetch(self.edge, DOCUMENT)
        self.assertEqual(reply.status, 200, reply)
        return int(re.search(r"version=(\d+)", reply.header("ehr-policy"))[1])

    def assert_decides(self, version, within=1.0):
        """The version decides, on every loop, in time."""
        until(lambda: all(self.version() == version for _ in range(4)),
              lambda: f"version {version}: {self.edge.log()[-2000:]}", within=within + 1)

    def assert_adopted(self, version):
        """The log has taken the version within a second of the command's end."""
        until(lambda: f"version={version}" in self.edge.log().splitlines()[-1],
              lambda: f"version {version}: {self.edge.log()[-2000:]}", within=1.0)

    def test_versions_change_under_load(self):
        load = curl.Load(self.edge, DOCUMENT, 60_000, clients=8, streams=4)
        load.wait_progress(10)
        self.assertEqual(self.version(), 1)
        for version in range(2, 5):
            self.activate(version)
            self.assert_adopted(version)
            self.assert_decides(version)
        result = self.office.on_edge("rollback")
        self.assertEqual(result.status, 0, result)
        self.assert_adopted(3)
        self.assert_decides(3)
        counts = load.finish()
        self.assertEqual(counts["2xx"], 60_000, "\n".join(load.lines[-12:]))
        loads = re.findall(r'"kind": ?"policy-load".*?"detail": ?"([0-9a-f]{64})"',
                           self.edge.audit_text())
        self.assertEqual(
            loads, [self.office.hash(version)[7:] for version in (1, 2, 3, 4, 3)])
        until(lambda: self.office.status()["edge"]["version"] == 3, "the edge's report")
        self.assertEqual(self.edge.stop(), 0)

    def test_phases(self):
        """A version goes from the shadow into force; what it forbids is forbidden only then."""
        deny = """deny:
  - id: D-1
    say: No notes
    when: { data_class: [notes] }
"""
        for version, phase, decides in ((2, "shadow", 1), (3, "observe", 2), (4, "enforce", 4)):
            extra = f"phases: {{ notes: {phase} }}\n" + (deny if version > 2 else "")
            self.office.write(version, extra)
            result = self.office.activate()
            self.assertEqual(result.status, 0, result)
            self.assert_adopted(version)
            reply = curl.fetch(self.edge, DOCUMENT)
            self.assertIn(f"version={decides};rule=", reply.header("ehr-policy"))
            self.assertEqual(reply.status, 200 if version < 4 else 403)
            if phase == "observe":
                self.assertEqual(self.office.status()["active"]["phases"], {"notes": "observe"})
                until(lambda: self.office.status()["active"]["differences"] == [
                    "1 notes: version 2 permit by T-2 decides, version 3 forbidden by D-1 differs"],
                      lambda: self.office.on_edge("status"))
        rules = re.findall(r'"rule": ?"([^"]+)"', self.edge.audit_text())
        self.assertEqual(rules[-3:], ["T-2", "T-2", "D-1"])
        self.edge.kill()
        self.edge.start()
        self.assertEqual(curl.fetch(self.edge, DOCUMENT).status, 403)
        self.assertEqual(self.edge.stop(), 0)

    def test_a_restart_needs_no_policy_folder(self):
        self.activate(2)
        self.assert_decides(2)
        shutil.rmtree(self.office.folder)
        self.edge.signal(signal.SIGHUP)
        until(lambda: self.edge.log().count("policy in force") == 3, "the reload")
        self.assertEqual(self.version(), 2)
        self.edge.kill()
        self.edge.start()
        self.assertEqual(self.version(), 2)
        self.assertEqual(self.office.on_edge("rollback").status, 0)
        self.assert_decides(1)
        self.assertEqual(self.edge.stop(), 0)

    def test_a_forged_version_is_not_adopted(self):
        """Who can write the state, but has no officer's key, does not change the policy."""
        before = self.edge.log()
        forged = self.office.text(7)
        self.office.path(7).write_text(forged)
        digest = self.office.hash(7)
        for name, text in {"yaml": forged, "approvals": "", "report": ""}.items():
            (self.office.state / "versions" / f"{digest[7:]}.{name}").write_text(text)
        pointer = self.office.state / "active"
        good = pointer.read_text()
        pointer.write_text(f"{digest} 1 {'0' * 64}\n")
        until(lambda: "the one before stays" in self.edge.log()[len(before):], "the complaint")
        self.assertEqual(self.version(), 1)
        until(lambda: self.office.status()["edge"]["fault"], "the report")
        pointer.write_text(good)
        self.activate(2)
        self.assert_decides(2, within=6)
        until(lambda: self.office.status()["ok"], lambda: self.office.on_edge("status"))
        self.assertEqual(self.edge.stop(), 0)
