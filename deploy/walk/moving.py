"""Scenarios 24 to 28: drills with plans and faults; what clients saw is measured."""

import json
import subprocess

import signin
from asking import ADDRESSES
from scenario import scenario
from stand import AUTHORITY, CONFIGURATION, ROOT, RUN, SERVERS, Trouble, until

PLANS = ROOT / "deploy" / "plans"
WHO = ("--reason", "a drill of the demo")


def homeward(stand, *words, status=(0,)):
    """What a command prints as JSON."""
    done = subprocess.run(
        [str(word) for word in (stand.build / "homeward", *words, "--json")],
        capture_output=True, text=True, cwd=ROOT, stdin=subprocess.DEVNULL)
    if done.returncode not in status:
        raise Trouble(f"`homeward {' '.join(map(str, words))}` ended with {done.returncode}:"
                      f" {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def drill(walk, name, place, patient, *words, seconds=10):
    """Runs a drill whose clients are at a place; what it measured. The reports stay."""
    token = RUN / "drills" / "token"
    token.parent.mkdir(parents=True, exist_ok=True)
    token.touch(mode=0o600)
    token.write_text(signin.token(signin.USUAL))
    result = homeward(
        walk.stand, "drill", "run", *words, "--config", CONFIGURATION, *WHO, "--for", seconds,
        "--patient", patient, "--from", ADDRESSES[place], "--client-token-file", token,
        "--authorities", AUTHORITY, "--out", RUN / "drills" / name, status=(0, 1))
    groups = {group["name"]: group for group in result["classes"]}
    walk.note(f"report: deploy/run/drills/{name}/report.md; "
              + ", ".join(f"{key[2:]} at {value} ms" for key, value in result["times"].items()
                          if value is not None and key.startswith("t_")))
    reads = {key: group for key, group in groups.items() if key != "writes"}
    walk.note(", ".join(f"{key} longest {group['longest_milliseconds']} ms"
                        for key, group in groups.items()))
    return result, groups["writes"], reads


def safe(walk, reads, names=None):
    """No read of these classes failed."""
    named = {key: group for key, group in reads.items() if names is None or key in names}
    count = sum(group["sent"] for group in named.values())
    walk.check(f"{count} reads ({', '.join(sorted(named))}): failed", "0",
               str(sum(group["failed"] for group in named.values())))


def kept(walk, result):
    """No write that was acknowledged is lost, and nothing went where it may not."""
    walk.check(f"{result['acknowledged']} acknowledged writes: lost", "0", str(len(result["lost"])))
    walk.check(f"{result['decisions']} decisions: served where they may not be", "0",
               str(len(result["unlawful"])))


def crash(*names):
    """Faults that kill servers."""
    return [word for name in names for word in
            ("--fault", f"http://127.0.0.1:{SERVERS[name]}/fault " + '{"crash":true}')]


def authority(stand):
    """Who takes the writes of us-west; None without a record."""
    shown = homeward(stand, "authority", "show", "--config", CONFIGURATION)
    return next((record for record in shown["authorities"] if record["domain"] == "us-west"), None)


def serving(stand):
    """Whether the edge sends requests to every server; those that came back get few at first."""
    regions = homeward(stand, "region", "status", "--config", CONFIGURATION)["regions"]
    return all(server["reach"] in ("healthy", "warming")
               for region in regions for server in region["servers"])


def ready(walk):
    """Starts what an earlier scenario ended, and records who takes us-west's writes."""
    stand = walk.stand
    stand.start_servers()
    if not stand.is_up("edge"):
        stand.start_edge()
    until(lambda: serving(stand), "the edge sees every server")
    if authority(stand) is None:
        walk.note("homeward authority init us-west: us-west-1 takes its writes, on record")
        homeward(stand, "authority", "init", "us-west", "--config", CONFIGURATION, *WHO)


@scenario(24, "Planned: the writes of us-west move to its second server under load")
def switchover(walk):
    """Ten canaries a second, and reads of three classes beside them."""
    ready(walk)
    result, writes, reads = drill(
        walk, "switchover", "Arizona", "p1001", PLANS / "us-west-switchover.yaml")
    walk.check("the run", "completed", result["status"])
    record = authority(walk.stand)
    walk.check("us-west's writes", "active at us-west-2",
               f"{record['state']} at {record['endpoint']}")
    walk.check(f"{writes['sent']} writes, {writes['held']} of them held: failed", "0",
               str(writes["failed"]))
    safe(walk, reads)
    kept(walk, result)


@scenario(25, "And back: the same plan with its servers swapped")
def failback(walk):
    """The old primary followed meanwhile."""
    result, writes, reads = drill(
        walk, "failback", "Arizona", "p1001", PLANS / "us-west-switchover.yaml", "--back")
    walk.check("the run", "completed", result["status"])
    record = authority(walk.stand)
    walk.check("us-west's writes", "active at us-west-1",
               f"{record['state']} at {record['endpoint']}")
    walk.check(f"{writes['sent']} writes, {writes['held']} of them held: failed", "0",
               str(writes["failed"]))
    safe(walk, reads)
    kept(walk, result)


@scenario(26, "A copy is killed: clients do not notice")
def copy_lost(walk):
    """The edge sees it by its probes, or sooner by a request."""
    result, writes, reads = drill(
        walk, "copy-lost", "Arizona", "p1001", *crash("us-west-3"), seconds=8)
    seen = result["times"]["t_detect"] - result["times"]["t_fault"]
    walk.check("the edge saw it within", "1 s", "1 s" if seen <= 1000 else f"{seen} ms")
    walk.check(f"{writes['sent']} writes: failed", "0", str(writes["failed"]))
    safe(walk, reads)
    kept(walk, result)
    walk.stand.start_servers()


@scenario(27, "A whole region is killed: what may be read elsewhere is, without a failure")
def region_lost(walk):
    """Vital signs and problems have copies elsewhere; writes have nobody until the region is back."""
    names = [name for name in SERVERS if name.startswith("us-central")]
    result, writes, reads = drill(
        walk, "region-lost", "Texas", "p1002", *crash(*names), seconds=8)
    seen = result["times"]["t_detect"] - result["times"]["t_fault"]
    walk.check("the edge saw it within", "1 s", "1 s" if seen <= 1000 else f"{seen} ms")
    safe(walk, reads, ("vitals", "problems"))
    walk.check("writes that somebody else took", "none",
               "none" if writes["failed"] and not result["unlawful"] else "some")
    walk.check(f"{result['decisions']} decisions: served where they may not be", "0",
               str(len(result["unlawful"])))
    walk.note("the region starts again, with what its charts were at first")
    walk.stand.start_servers()


@scenario(28, "A copy turns into a black hole: noticed within a second, and no read fails")
def black_hole(walk):
    """It takes connections and says nothing any more: only time tells."""
    until(lambda: serving(walk.stand), "the edge sees every server", 60)
    hang = f"http://127.0.0.1:{SERVERS['us-east-2']}/fault " + '{"hang":true}'
    result, writes, reads = drill(
        walk, "black-hole", "New York", "p1003", "--fault", hang, seconds=8)
    seen = result["times"]["t_detect"] - result["times"]["t_fault"]
    walk.check("the edge saw it within", "1 s", "1 s" if seen <= 1000 else f"{seen} ms")
    walk.check(f"{writes['sent']} writes: failed", "0", str(writes["failed"]))
    safe(walk, reads)
    kept(walk, result)
    walk.stand.fault("us-east-2", clear=True)
