"""Failover plans: write authority moves under load, runs survive their process, rules refuse."""

import json
import re
import signal
import subprocess
import time
import unittest

from harness import admin, curl, region, workshop
from harness.edge import Edge, Endpoint
from harness.waiting import until

#: Reads at home first, then anywhere; everything else at the home's primary.
POLICY = """\
policy: homes
version: 1
regions:
  us-west: { jurisdiction: US }
  us-east: { jurisdiction: US }
routes:
  - id: R-1
    say: Everything goes to the primary of the home region
    when: {}
    serve:
      - { region: home, tier: primary }
    audit: standard
  - id: R-2
    say: Reads go to copies at home, then anywhere, then to the primary
    when: { operation: [read, vread, search] }
    overrides: [R-1]
    serve:
      - { region: home, tier: replica, staleness: 1h }
      - { region: any, tier: replica, staleness: 1h }
      - { region: home, tier: primary }
    audit: standard
"""

VITALS = "/fhir/Observation?patient=p1001&category=vital-signs"


class Result:
    """What a command said."""

    def __init__(self, process):
        self.status, self.text, self.error = process.returncode, process.stdout, process.stderr

    @property
    def json(self):
        """Its output as JSON."""
        return json.loads(self.text)

    def __repr__(self):
        return f"<status {self.status}: {self.text}{self.error}>"


class PlanCase(unittest.TestCase):
    """Two regions of fixture servers before one edge, with a record of us-west's authority. Commands
    work on the folder."""

    #: Programs that the edge runs for plans of the API.
    hook_commands = "[/bin/true]"

    def setUp(self):
        self.servers = region.regions("us-west", "us-east")
        self.by_name = {s.name: s for servers in self.servers.values() for s in servers}
        for server in self.by_name.values():
            self.addCleanup(server.kill)
        self.edge = Edge(
            {name: [Endpoint(s, tier=s.role) for s in servers]
             for name, servers in self.servers.items()},
            policy=POLICY, patients=["p1001,us-west,US-AZ,granted,", "p1003,us-east,US-NY,granted,"],
            operators={"hook_commands": self.hook_commands}, admin=True,
            timeouts={"first_byte": "5s"})
        self.edge.start()
        self.addCleanup(self.edge.kill)
        self.wait_sight()
        self.init("us-west")

    def sight(self):
        """What rules judge by: whether each server is fit, as the edge last reported."""
        regions = self.run_homeward(
            "region", "status", "--json", "--offline", "--config", self.edge.configuration,
        ).json["regions"]
        return {s["name"]: s["reach"] if s["reach"] != "healthy" or s["freshness"] == "fresh"
                else s["freshness"] for r in regions for s in r["servers"]}

    def wait_sight(self, *down):
        """Waits until the edge has reported these servers down and all others fit."""
        wanted = {name: "down" if name in down else "healthy" for name in self.by_name}
        until(lambda: self.sight() == wanted, self.sight, within=20, pause=0.1)

    def kill(self, *names):
        """Kills servers, and waits until the edge has reported that."""
        for name in names:
            self.by_name[name].kill()
        until(lambda: {self.sight()[name] for name in names} == {"down"}, self.sight, within=20,
              pause=0.1)

    def init(self, domain):
        """Makes the first record of a domain, once the edge knows the primary's epoch."""
        until(lambda: self.command("authority", "init", domain, *self.who()).status == 0,
              lambda: self.command("authority", "show").text, pause=0.2)

    def who(self, author="Ana", reason="a test"):
        """Who acts, and why."""
        return "--author", author, "--reason", reason

    def way(self):
        """How commands reach the edge."""
        return ("--offline",)

    def words(self, *words):
        """The words of a command about this edge."""
        way = () if words[:2] == ("plan", "check") else self.way()
        return [str(word) for word in
                (workshop.binary(), *words, *way, "--config", self.edge.configuration)]

    def command(self, *words):
        """Runs `homeward` about this edge."""
        return self.run_homeward(*self.words(*words)[1:])

    @staticmethod
    def run_homeward(*words):
        """Runs `homeward`."""
        return Result(subprocess.run(
            [str(word) for word in (workshop.binary(), *words)], capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=120))

    def hook(self, server, body):
        """A hook that asks a server to take a role."""
        return (f"{{ http: \"http://127.0.0.1:{self.by_name[server].port}/role\","
                f" body: '{body}' }}")

    def plan(self, more="", source="us-west-1", target="us-west-2", domain="us-west", retire=True):
        """The file of a plan that moves an authority."""
        def hooks(server):
            last = (f"\n    retire: {self.hook(server, {'role': 'replica'})}" if retire else "")
            return (f"  {server}:\n    fence: {self.hook(server, {'read_only': True})}\n"
                    f"    unfence: {self.hook(server, {'read_only': False})}\n"
                    f"    promote: {self.hook(server, {'role': 'primary', 'epoch': 'EPOCH'})}"
                    f"{last}\n").replace("'EPOCH'", "{epoch}").replace("True", "true") \
                .replace("False", "false").replace("{'", '{"').replace("': '", '": "') \
                .replace("', '", '", "').replace("'}", '"}').replace("':", '":')
        text = (f"plan: move\nsay: Writes of {domain} move\ndomains: [{domain}]\nfrom: {source}\n"
                f"to: {target}\n{more}\nhooks:\n{hooks(source)}{hooks(target)}")
        return self.write(text)

    def write(self, text):
        """A file of a plan."""
        path = workshop.folder("plan") / "plan.yaml"
        path.write_text(text)
        return path

    def run_plan(self, path, *words, verb=("plan", "run")):
        """Runs a plan to its end."""
        return self.command(*verb, path, *self.who(), *words)

    def record(self, domain="us-west"):
        """Who takes the writes of a domain."""
        shown = self.command("authority", "show", "--json").json["authorities"]
        return next(r for r in shown if r["domain"] == domain)

    def runs(self):
        """The runs that are known."""
        return self.command("plan", "status", "--json").json

    def assert_kept(self, canaries, server):
        """Every write that was acknowledged is there."""
        acknowledged = canaries.acknowledged
        self.assertGreater(len(acknowledged), 20)
        self.assertEqual(len(set(acknowledged)), len(acknowledged))
        missing = [r for r in acknowledged if not self.by_name[server].has(r)]
        self.assertEqual(missing, [])


class Switchovers(PlanCase):
    """Write authority moves inside its region."""

    def test_a_switchover_under_load_and_back(self):
        load = curl.Load(self.edge, VITALS, requests=60000, clients=4, streams=4)
        load.wait_progress(10)
        canaries = region.Canaries(self.edge)
        canaries.wait(30)
        path = self.plan("rto_target: 2s")
        self.assertEqual(self.command("plan", "check", path).status, 0)
        result = self.run_plan(path, "--json")
        self.assertEqual((result.status, result.json["status"]), (0, "completed"), result)
        self.assertEqual(list((self.edge.folder / "operators" / "plans").glob("*.lock")), [])
        record = self.record()
        self.assertEqual((record["state"], record["endpoint"], record["epoch"]),
                         ("active", "us-west-2", 2))
        canaries.wait(30)
        self.assertEqual(self.by_name["us-west-2"].health["role"], "primary")
        until(lambda: self.by_name["us-west-1"].health["epoch"] == 2, "the old one to follow")
        self.assertEqual(self.by_name["us-west-1"].health["role"], "replica")
        # And back: the same file, with its servers swapped.
        back = self.run_plan(path, "--json", verb=("region", "failback"))
        self.assertEqual((back.status, back.json["status"]), (0, "completed"), back)
        self.assertEqual((self.record()["endpoint"], self.record()["epoch"]), ("us-west-1", 3))
        canaries.wait(30)
        results = canaries.stop()
        counts = load.finish()
        self.assertEqual(counts["2xx"], counts["total"], "\n".join(load.lines[-12:]))
        self.assertEqual({status for status, *_ in results}, {201})
        self.assert_kept(canaries, "us-west-1")
        held = sorted(seconds for _, _, seconds, _ in results)[-4:]
        print(f"writes held at most {[round(1000 * s) for s in held]} ms,"
              f" {counts['total']} reads, {len(results)} writes")
        self.assertLess(held[-1], 10)

    def test_a_run_survives_its_process(self):
        """Killed wherever it happens to be, a run is carried on by another process."""
        source, target = "us-west-1", "us-west-2"
        canaries = region.Canaries(self.edge)
        self.addCleanup(canaries.stop)
        for delay in (0.05, 0.15, 0.25, 0.4):
            path = self.plan(source=source, target=target)
            before = len(self.runs())
            process = workshop.spawn(
                self.words("plan", "run", path, *self.who()), stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)
            until(lambda: len(self.runs()) > before or process.poll() is not None, "a run")
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            process.wait()
            run = self.runs()[-1]
            if run["status"] == "in-progress":
                result = self.command("plan", "resume", run["run"], *self.who("Bo"))
                self.assertEqual(result.status, 0, result)
            self.assertEqual(self.runs()[-1]["status"], "completed", self.runs()[-1])
            self.assertEqual(self.record()["endpoint"], target)
            primaries = [s.name for s in self.servers["us-west"] if s.health["role"] == "primary"]
            self.assertEqual(primaries, [target])
            source, target = target, source
        canaries.wait(20)
        self.assertEqual({status for status, *_ in canaries.stop()}, {201})
        self.assert_kept(canaries, source)

    def test_abort_before_the_promotion_compensates(self):
        # The candidate lags: the run waits with writes held.
        canaries = region.Canaries(self.edge)
        canaries.wait(20)
        self.by_name["us-west-2"].ask("/fault", {"lag_ms": 20000})
        path = self.plan("step_timeout: 60s")
        process = workshop.spawn(
            self.words("plan", "run", path, *self.who()), stdout=subprocess.DEVNULL)
        until(lambda: self.runs() and self.runs()[-1]["step"] == 3, self.runs)
        self.assertEqual(self.record()["state"], "fenced")
        result = self.command("plan", "abort", self.runs()[-1]["run"], *self.who("Bo", "not today"))
        self.assertEqual(result.status, 0, result)
        process.wait(30)
        until(lambda: self.runs()[-1]["status"] == "canceled", self.runs)
        record = self.record()
        self.assertEqual((record["state"], record["endpoint"], record["epoch"]),
                         ("active", "us-west-1", 1))
        self.assertFalse(self.by_name["us-west-1"].health["read_only"])
        canaries.wait(20)
        self.assertEqual({status for status, *_ in canaries.stop()}, {201})
        self.assert_kept(canaries, "us-west-1")

    def test_a_dead_primary_is_replaced(self):
        canaries = region.Canaries(self.edge)
        canaries.wait(20)
        self.kill("us-west-1")
        path = self.write(self.plan("mode: ungraceful\napprovals: { required: 1, roles: [sre] }\n"
                                    "rpo_target: 30s").read_text())
        text = path.read_text()
        path.write_text(re.sub(r"fence: \{[^\n]*\n(?=    unfence)", "fence: { manual: cut its power }\n",
                               text, count=1))
        result = self.run_plan(path, "--json")
        self.assertEqual(result.json["status"], "pending-approval", result)
        number = result.json["run"]
        # Who runs it does not approve it, and roles count.
        own = self.command("plan", "approve", path, "--role", "sre", *self.who())
        self.assertIn("[approved-already]", own.error)
        wrong = self.command("plan", "approve", path, "--role", "auditor", *self.who("Bo"))
        self.assertIn("[approver-role]", wrong.error)
        self.assertEqual(
            self.command("plan", "approve", path, "--role", "sre", *self.who("Bo")).status, 0)
        result = self.command("plan", "resume", number, *self.who())
        self.assertEqual(result.status, 1, result)
        self.assertIn("cut its power", result.text)
        result = self.command("plan", "resume", number, "--confirm", *self.who(), "--json")
        self.assertEqual(result.json["status"], "completed-with-exceptions", result)
        self.assertEqual(self.record()["endpoint"], "us-west-2")
        begun = len(canaries.acknowledged)
        until(lambda: len(canaries.acknowledged) > begun + 10, lambda: canaries.results[-4:],
              within=30)


    def test_a_run_that_leads_nowhere_is_closed(self):
        """The primary dies while its writes are fenced: no way on, and `unfence` finds nobody."""
        self.by_name["us-west-2"].ask("/fault", {"lag_ms": 60000})
        canaries = region.Canaries(self.edge)
        canaries.wait(10)
        process = workshop.spawn(
            self.words("plan", "run", self.plan("step_timeout: 3s"), *self.who()),
            stdout=subprocess.DEVNULL)
        until(lambda: self.runs() and self.runs()[-1]["step"] == 3, self.runs)
        number = self.runs()[-1]["run"]
        carried = self.command("plan", "abandon", number, *self.who())
        self.assertIn("[run-carried]", carried.error)
        self.by_name["us-west-1"].kill()
        process.wait(60)
        canaries.stop()
        self.assertEqual(self.runs()[-1]["status"], "paused-by-failed-step", self.runs())
        self.assertEqual(self.record()["state"], "fenced")
        self.assertIn("[run-state]", self.command("plan", "abort", number, *self.who()).error)
        for path in (self.edge.folder / "operators" / "plans").glob("*.yaml"):
            path.unlink()
        held = self.command("plan", "abandon", number, *self.who())
        self.assertIn("`homeward authority change us-west restore`", held.error)
        self.assertIn("[run-holds-authority]", held.error)
        restored = self.command("authority", "change", "us-west", "restore", *self.who())
        self.assertEqual(restored.status, 0, restored)
        closed = self.command("plan", "abandon", number, *self.who())
        self.assertEqual(closed.status, 0, closed)
        self.assertEqual(self.runs()[-1]["status"], "failed")
        self.assertEqual(list((self.edge.folder / "operators" / "plans").glob("*.lock")), [])
        # S9 keeps nobody away any more.
        shown = self.command("plan", "show", self.plan()).text
        self.assertRegex(shown, r"S9 +holds")


class APICase(PlanCase):
    """The same, asked through the admin API: Ana by her certificate, Bo by a token."""

    def who(self, author="Ana", reason="a test"):
        proof = () if author == "Ana" else ("--token-file", self.edge.folder / "token-sre")
        return "--reason", reason, *proof

    def way(self):
        return "--admin", f"https://127.0.0.1:{self.edge.admin_port}"

    def spawn(self, *words, **options):
        """Starts a command."""
        return workshop.spawn(self.words(*words), stderr=subprocess.DEVNULL,
                              **({"stdout": subprocess.DEVNULL} | options))

    def step(self):
        """The step at which the last run stands; None without one."""
        runs = self.runs()
        return runs[-1]["step"] if runs else None

    def lag(self):
        """us-west-2 lags behind writes: a run waits for it with its fourth step."""
        self.by_name["us-west-2"].ask("/fault", {"lag_ms": 60000})
        canaries = region.Canaries(self.edge)
        canaries.wait(10)
        canaries.stop()


class Served(APICase):
    """Runs that the edge carries."""

    def test_a_switchover_under_load_and_back(self):
        load = curl.Load(self.edge, VITALS, requests=30000, clients=4, streams=4)
        load.wait_progress(10)
        canaries = region.Canaries(self.edge)
        canaries.wait(30)
        events = admin.Events(self.edge, token="auditor")
        self.addCleanup(events.close)
        path = self.plan("rto_target: 2s")
        shown = self.command("plan", "show", path)
        self.assertEqual(shown.status, 0, shown)
        self.assertIn("would be run", shown.text)
        result = self.run_plan(path)
        self.assertEqual(result.status, 0, result)
        self.assertRegex(result.text, r"\d\.\d s  R-\d+  promote us-west: begun-for-good")
        self.assertRegex(result.text, r"R-\d+ move completed, by ana at ")
        self.assertRegex(result.text, r"5  promote us-west +done")
        record = self.record()
        self.assertEqual((record["endpoint"], record["epoch"]), ("us-west-2", 2))
        back = self.run_plan(path, "--json", verb=("region", "failback"))
        self.assertEqual((back.status, back.json["status"]), (0, "completed"), back)
        canaries.wait(30)
        self.assertEqual({status for status, *_ in canaries.stop()}, {201})
        counts = load.finish()
        self.assertEqual(counts["2xx"], counts["total"], "\n".join(load.lines[-12:]))
        self.assert_kept(canaries, "us-west-1")
        told = []
        while len([data for kind, data in told if kind == "progress" and data["over"]]) < 2:
            told.append(events.next()[1:])
        statuses = [data["run"]["status"] for kind, data in told if kind == "plan"]
        self.assertIn("completed", statuses)
        states = [data["authority"]["state"] for kind, data in told if kind == "authority"]
        self.assertEqual(states[:5], ["fencing", "fenced", "promoting", "active", "fencing"])
        who = {a["author"] for a in map(json.loads, self.edge.audit_text().splitlines())
               if a["kind"] == "operator-action" and a["subject"] == "run of plan move"}
        self.assertEqual(who, {"ana"})

    def test_who_goes_away_stops_nothing(self):
        self.lag()
        process = self.spawn("plan", "run", self.plan("step_timeout: 60s"), *self.who())
        until(lambda: self.step() == 3, self.runs)
        process.kill()
        process.wait()
        self.by_name["us-west-2"].ask("/fault", {"clear": True})
        until(lambda: self.runs()[-1]["status"] == "completed", self.runs, within=30)
        self.assertEqual(self.record()["endpoint"], "us-west-2")

    def test_an_edge_that_is_killed_leaves_its_run_to_the_next(self):
        self.lag()
        process = self.spawn("plan", "run", self.plan("step_timeout: 60s"), *self.who(),
                             stdout=subprocess.PIPE, text=True)
        until(lambda: self.step() == 3, self.runs)
        self.edge.kill()
        # It comes back where it was.
        text = self.edge.configuration.read_text()
        self.edge.configuration.write_text(text.replace(
            "admin:\n  address: 127.0.0.1:0", f"admin:\n  address: 127.0.0.1:{self.edge.admin_port}"))
        self.edge.start()
        # Who followed sees that nobody carries it any more, and how it stands.
        text, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, text)
        self.assertIn("in-progress", text)
        run = self.runs()[-1]
        self.assertEqual((run["status"], run["carried"]), ("in-progress", False))
        self.by_name["us-west-2"].ask("/fault", {"clear": True})
        result = self.command("plan", "resume", run["run"], *self.who("Bo"))
        self.assertEqual(result.status, 0, result)
        self.assertEqual(self.record()["endpoint"], "us-west-2")
        # What the dead one left there was taken away: nobody waits for it any more.
        self.assertEqual(len(list((self.edge.folder / "operators" / "edges").iterdir())), 1)

    def test_others_pause_and_abort_it(self):
        self.lag()
        process = self.spawn("plan", "run", self.plan("step_timeout: 60s"), *self.who())
        until(lambda: self.step() == 3, self.runs)
        name = self.runs()[-1]["run"]
        twice = self.command("plan", "resume", name, *self.who("Bo"))
        self.assertIn("[run-carried]", twice.error)
        other = self.run_plan(self.plan())
        self.assertIn("[rule-s9]", other.error)
        paused = self.command("plan", "pause", name, *self.who("Bo"))
        self.assertEqual((paused.status, paused.text), (
            0, f"{name} waits; `homeward plan resume {name}`\n"), paused)
        self.assertEqual(process.wait(30), 1)
        aborted = self.command("plan", "abort", name, *self.who("Bo", "not today"), "--json")
        self.assertEqual((aborted.status, aborted.json["status"]), (0, "canceled"), aborted)
        self.assertEqual(self.record()["state"], "active")
        self.assertFalse(self.by_name["us-west-1"].health["read_only"])

    def test_who_may_not_and_what_is_not_run(self):
        path = self.plan()
        for role in ("auditor", "officer"):
            refused = self.command("plan", "run", path, "--reason", "x", "--token-file",
                                   self.edge.folder / f"token-{role}")
            self.assertEqual(refused.status, 1)
            self.assertIn("[wrong-role]", refused.error)
        body = {"text": path.read_text(), "reason": "x"}
        for change, code in (({"text": "plan: 7"}, "malformed-plan"),
                             ({"accepts": ["S99"]}, "unknown-rules"),
                             ({"text": body["text"].replace("us-west-2", "us-west-9")}, "E611")):
            reply = admin.ask(self.edge, "POST", "/v1/plans", body | change)
            self.assertEqual((reply.status, reply.code), (422, code))
        missing = admin.ask(self.edge, "GET", "/v1/plans/R-99")
        self.assertEqual((missing.status, missing.code), (404, "no-such-run"))
        # A program that the edge's configuration does not name is not run, nor tried.
        mark = self.edge.folder / "mark"
        path.write_text(path.read_text() + f"prechecks:\n  - {{ command: [/usr/bin/touch, {mark}] }}\n")
        for words in ((), ("--dry-run",)):
            refused = self.run_plan(path, *words)
            self.assertEqual(refused.status, 1)
            self.assertIn("[hook-command]", refused.error)
        self.assertIn("operators.hook_commands", refused.error)
        self.assertEqual(self.runs(), [])
        self.assertFalse(mark.exists())
        path.write_text(path.read_text().replace(f"/usr/bin/touch, {mark}", "/bin/true"))
        self.assertEqual(self.run_plan(path).status, 0)

    def test_two_people_run_it_and_rules_refuse(self):
        path = self.plan("approvals: { required: 1, roles: [sre] }")
        waits = self.run_plan(path, "--json")
        self.assertEqual((waits.status, waits.json["status"]), (0, "pending-approval"), waits)
        own = self.command("plan", "approve", path, "--role", "sre", *self.who())
        self.assertIn("[approved-already]", own.error)
        agreed = self.command("plan", "approve", path, "--role", "sre", *self.who("Bo"))
        self.assertEqual(agreed.text, "agreed: tia; the plan asks for 1\n")
        resumed = self.command("plan", "resume", waits.json["run"], *self.who())
        self.assertEqual(resumed.status, 0, resumed)
        refused = self.run_plan(self.plan(), "--accept-data-loss")
        self.assertIn("[rule-s4]", refused.error)
        self.kill("us-west-1")
        shown = self.command("plan", "show", self.plan(source="us-west-2", target="us-west-1"))
        self.assertEqual(shown.status, 1, shown)
        self.assertIn("S4 REFUSES: `us-west-1` does not answer", shown.text)
        self.assertLessEqual(max(map(len, shown.text.splitlines())), 80, shown.text)


class Drills(APICase):
    """What clients see, measured by the command itself; the edge carries the plan."""

    def drill(self, *words, status=0):
        """Runs a drill; its report."""
        folder = workshop.folder("drill")
        result = self.command(
            "drill", "run", *words, *self.who(), "--patient", "p1001", "--port", self.edge.port,
            "--authorities", self.edge.authority, "--for", "8", "--out", folder, "--json")
        self.assertEqual(result.status, status, result)
        text = (folder / "report.md").read_text()
        self.assertIn("| t_", text)
        self.assertEqual(json.loads((folder / "report.json").read_text()), result.json)
        return result.json, {group["name"]: group for group in result.json["classes"]}

    def fault(self, server):
        """The words of a fault that kills a server."""
        return ("--fault",
                f"http://127.0.0.1:{self.by_name[server].port}/fault " + '{"crash":true}')

    def test_a_planned_move_is_within_its_targets(self):
        report, groups = self.drill(self.plan("rto_target: 10s"))
        self.assertEqual(report["status"], "completed")
        self.assertEqual((report["lost"], report["unlawful"], report["misses"]), ([], [], []))
        times = report["times"]
        order = [times[name] for name in ("t_decide", "t_fenced", "t_promoted", "t_active",
                                          "first_good_write")]
        self.assertNotIn(None, order)
        self.assertEqual(order[:4], sorted(order[:4]))
        self.assertGreater(groups["writes"]["sent"], 60)
        self.assertEqual(sum(group["failed"] for group in groups.values()), 0)
        self.assertGreater(report["decisions"], 200)

    def test_a_black_hole_and_a_dead_primary_that_is_replaced(self):
        hang = (f"http://127.0.0.1:{self.by_name['us-west-3'].port}/fault " + '{"hang":true}')
        report, groups = self.drill("--fault", hang)
        seen = report["times"]["t_detect"] - report["times"]["t_fault"]
        self.assertEqual(sum(group["failed"] for group in groups.values()), 0, report)
        self.by_name["us-west-3"].ask("/fault", {"clear": True})
        self.wait_sight()
        path = self.plan("mode: ungraceful\nrpo_target: 30s\nrto_target: 30s")
        path.write_text(re.sub(r"fence: \{[^\n]*\n(?=    unfence)",
                               "fence: { command: [/bin/true] }\n", path.read_text(), count=1))
        report, groups = self.drill(*self.fault("us-west-1"), path, status=1)
        self.assertEqual(report["status"], "completed-with-exceptions", report)
        self.assertTrue(groups["writes"]["recovered"])
        self.assertEqual(sum(g["failed"] for n, g in groups.items() if n != "writes"), 0, report)
        self.assertEqual(report["unlawful"], [])
        times = {name: time and time - report["times"]["t_fault"]
                 for name, time in report["times"].items()}
        print(f"black hole seen after {seen} ms; primary killed: {times}, writes:"
              f" {groups['writes']}, lost {report['lost']}")

    def test_a_dead_copy_is_seen_and_a_dead_primary_is_missed(self):
        report, groups = self.drill(*self.fault("us-west-3"))
        self.assertLess(report["times"]["t_detect"] - report["times"]["t_fault"], 5000)
        self.assertEqual(sum(group["failed"] for group in groups.values()), 0)
        self.assertEqual(report["lost"], [])
        self.wait_sight("us-west-3")
        report, groups = self.drill(*self.fault("us-west-1"), status=1)
        self.assertFalse(groups["writes"]["recovered"])
        self.assertGreater(groups["writes"]["failed"] + groups["writes"]["held"], 0)
        self.assertEqual(groups["vitals"]["failed"], 0)
        self.assertIn("writes did not come back", " ".join(report["misses"]))


class Rules(PlanCase):
    """What is refused, and the way out."""

    def refused(self, result, *words):
        """It was refused with these words, and nothing changed."""
        self.assertEqual(result.status, 1, result)
        for word in words:
            self.assertIn(word, result.text + result.error)
        self.assertEqual((self.record()["state"], self.record()["endpoint"]),
                         ("active", "us-west-1"))
        self.assertFalse(self.by_name["us-west-1"].health["read_only"])

    def test_an_unlawful_target_is_impossible(self):
        path = self.plan(target="us-east-2")
        # Not even when two people set every rule aside that can be, and everything is accepted.
        rules = "S1+S3+S5+S6+S8+S12"
        asked = self.command("region", "break-glass", "--rules", rules, "--for", "30m",
*self.who())
        self.assertEqual(asked.status, 0, asked)
        number = re.search(r"(B-\d+)", asked.text)[1]
        own = self.command("region", "agree", number, *self.who())
        self.assertIn("[same-author]", own.error)
        self.assertEqual(self.command("region", "agree", number, *self.who("Bo")).status, 0)
        accepts = [w for rule in ("S3", "S7", "S8") for w in ("--accept", rule)]
        self.refused(self.run_plan(path, *accepts), "LAW", "may go to `us-east`", "officers")
        self.assertIn("break-glass", self.command("region", "status").text)

    def test_a_home_without_a_lawful_target_is_refused(self):
        """With one replica only and no way back for the old primary, copies at home would be gone;
        here the policy has other places for reads, but an evacuation takes the writes' only one."""
        path = self.write("plan: away\nsay: us-west rests\nsteps:\n"
                          "  - { do: evacuate, region: us-west, for: 1h }\n")
        self.refused(self.run_plan(path), "S1", "would lose the last lawful target",
                     "take less out of service")
        path = self.plan(retire=False)
        self.kill("us-west-3", "us-east-2", "us-east-3")
        shown = self.command("plan", "show", path)
        self.assertIn("S1 REFUSES", shown.text)
        self.assertIn("retire", shown.text)
        self.refused(self.run_plan(path), "S1", "would lose the last lawful target", "retire")
        self.assertEqual(self.command("plan", "show", self.plan()).status, 0)

    def test_what_is_unknown_or_wrong_is_said(self):
        self.kill("us-west-2")
        path = self.plan()
        shown = self.command("plan", "show", path)
        self.assertEqual(shown.status, 1)
        self.assertIn("S4 REFUSES: `us-west-2` does not answer", shown.text)
        self.assertLessEqual(max(map(len, shown.text.splitlines())), 80, shown.text)
        self.refused(self.run_plan(path), "S4")
        self.assertEqual(self.runs()[-1]["status"], "failed")
        path = self.plan(source="us-west-3", target="us-west-2")
        self.refused(self.run_plan(path), "S2", "not active at `us-west-3`")
        path = self.plan(target="us-west-9".replace("9", "3"))
        text = path.read_text().replace("us-west-3", "us-west-9")
        path.write_text(text)
        unknown = self.run_plan(path)
        self.assertEqual(unknown.status, 2)
        self.assertIn("E611", unknown.error)
        self.assertEqual(self.command("plan", "check", path).status, 1)
        path.write_text("plan: x\nsay: y\nfrmo: us-west-1\n")
        broken = self.command("plan", "check", path)
        self.assertEqual(broken.status, 2)
        self.assertRegex(broken.error, r"plan\.yaml:3:1: error: .*E\d+")

    def test_reads_leave_and_come_back_in_a_ramp(self):
        path = self.write("plan: away\nsay: Copies of us-west rest\n"
                          "ramp: { percents: [1, 50, 100], every: 1s }\nsteps:\n"
                          "  - { do: drain, region: us-west, tier: replica, for: 1h }\n")
        load = curl.Load(self.edge, VITALS, requests=40000, clients=4, streams=4)
        load.wait_progress(10)
        self.assertEqual(self.run_plan(path).status, 0)

        def hop():
            reply = curl.fetch(self.edge, VITALS)
            self.assertEqual(reply.status, 200, reply)
            return re.search(r'next-hop="([^"]+)"', reply.header("proxy-status"))[1]
        until(lambda: hop().startswith("us-east"), hop)
        time.sleep(5)
        result = self.run_plan(path, "--json", verb=("region", "failback"))
        self.assertEqual(result.json["status"], "completed", result)
        until(lambda: hop() in ("us-west-2", "us-west-3"), hop)
        counts = load.finish()
        self.assertEqual(counts["2xx"], counts["total"], "\n".join(load.lines[-12:]))

    def test_an_order_about_one_server(self):
        result = self.command("region", "drain", "us-west", "--endpoint", "us-west-3", "--for",
                              "10m", "--ticket", "T-1", *self.who())
        self.assertEqual(result.status, 0, result)
        status = self.command("region", "status", "--json").json
        states = {s["name"]: s["state"] for r in status["regions"] for s in r["servers"]}
        self.assertEqual(states["us-west-3"], "drain")
        self.assertEqual(states["us-west-2"], "auto")
        result = self.command("region", "drain", "us-west", "--endpoint", "us-west-9", "--for",
                              "10m", "--ticket", "T-1", *self.who())
        self.assertIn("[unknown-endpoint]", result.error)


if __name__ == "__main__":
    unittest.main()
