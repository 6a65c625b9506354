"""Scenarios 18 to 22: servers that lag or die, a reload and an end under load."""

import signal

from asking import Load, Pending, ask
from routing import VITALS
from scenario import Expected, refused, scenario
from stand import DELTAS, RUN, SNAPSHOT, until

#: Safe requests of ordinary classes for patients of us-east: R-11 lets the backup region answer.
ORDINARY = [VITALS.format("p1003"), "Condition?patient=p1003&category=problem-list-item",
            "AllergyIntolerance?patient=p1006", "Encounter?patient=p1006", "Patient/p1012",
            "Patient/p1003"]
EAST = ("us-east-2", "us-east-3")


@scenario(18, "Copies 45 seconds behind: never served, the next lawful source is")
def lagging(walk):
    """R-11 allows 10 seconds."""
    near = Expected(200, "R-11", "us-east", "replica")
    walk.note("us-east-2 and us-east-3 fall 45 s behind")
    walk.stand.fault(*EAST, lag_ms=45_000)
    walk.ask_until("New York", "GET", VITALS.format("p1003"),
                   Expected(200, "R-11", "us-east", "primary", "us-east-1"))
    answers = [ask("New York", "GET", target) for target in ORDINARY * 2]
    walk.check(f"{len(answers)} more requests from New York: answered by",
               "us-east-1", " or ".join({answer.endpoint or "nobody" for answer in answers}))
    walk.ask("Washington", "GET", VITALS.format("p1003"),
             Expected(200, "R-11", "us-west", "replica"))
    walk.stand.fault(*EAST, clear=True)
    walk.note("they catch up")
    walk.ask_until("New York", "GET", VITALS.format("p1003"), near)


def survives(walk, load, name):
    """Kills a server under load; the load must not notice."""
    until(lambda: load.count >= 30, "the load runs")
    walk.note(f"kill -9 {name}, while New York goes on reading")
    walk.stand.kill(name)
    begun = load.count
    until(lambda: load.count >= begun + 150, "the load went on", 30)
    others = load.endpoints(since=load.count - 30) - {name}
    walk.check_load(load)
    walk.check("the last 30 of them were answered by", " or ".join(sorted(others)),
               " or ".join(sorted(load.endpoints(since=load.count - 30))))


@scenario(19, "A copy dies: no safe request fails")
def dead_replica(walk):
    """In the middle of requests."""
    with Load("New York", ORDINARY) as load:
        survives(walk, load, "us-east-2")
    walk.ask("New York", "GET", VITALS.format("p1003"),
             Expected(200, "R-11", "us-east", "replica", "us-east-3"))


@scenario(20, "The primary dies too: reads go on, what must be authoritative says: try again")
def dead_primary(walk):
    """Nobody else may take writes for the East."""
    with Load("New York", ORDINARY) as load:
        survives(walk, load, "us-east-1")
    later = {"Retry-After": lambda answer: "retry-after" in answer.fields}
    walk.ask("New York", "DELETE", "Appointment/p1003.s1", refused(503, "R-30", **later))
    walk.ask("New York", "GET", "MedicationRequest?patient=p1003", refused(503, "R-22", **later))
    walk.note("the last copy in the East falls 45 s behind")
    walk.stand.fault("us-east-3", lag_ms=45_000)
    walk.ask_until("New York", "GET", VITALS.format("p1003"),
                   Expected(200, "R-11", "us-central", "replica", stale=True))
    walk.stand.fault("us-east-3", clear=True)
    walk.note("both dead servers start again")
    walk.stand.start_servers()
    walk.ask_until("New York", "GET", "MedicationRequest?patient=p1003",
                   Expected(200, "R-22", "us-east", "primary", "us-east-1"))


@scenario(21, "A new directory is in force after a reload, and no request fails meanwhile")
def reload(walk):
    """SIGHUP reads configuration, policy, directory and certificates anew."""
    target = VITALS.format("p1041")
    walk.ask("Texas", "GET", target, refused(403, "D-2"))
    with Load("New York", ORDINARY) as load:
        until(lambda: load.count >= 30, "the load runs")
        walk.note("homeward directory build: the next snapshot has p1041; kill -HUP")
        walk.stand.directory("build", "--from", RUN / "directory.whole.csv", "--previous", SNAPSHOT,
                             "--deltas", DELTAS, "--out", SNAPSHOT)
        walk.stand.signal_edge(signal.SIGHUP)
        walk.ask_until("Texas", "GET", target, Expected(200, "R-11", "us-central", "replica"))
        begun = load.count
        until(lambda: load.count >= begun + 60, "the load went on", 30)
    walk.check_load(load)


@scenario(22, "SIGTERM: requests under way finish, then the edge ends")
def drain(walk):
    """The servers take a second for each answer, so that requests are under way."""
    walk.stand.fault("us-west-1", "us-west-2", "us-west-3", latency_ms=1000)
    pending = [Pending("Arizona", VITALS.format("p1001")) for _ in range(4)]
    until(lambda: all(one.is_sent() for one in pending), "the requests are under way")
    walk.note("four requests are under way; kill -TERM")
    walk.stand.signal_edge(signal.SIGTERM)
    walk.check("the four requests were answered with", "200 200 200 200",
               " ".join(str(one.answer().status) for one in pending))
    walk.check("the edge ended with status", "0", str(walk.stand.edge_status(15)))
    status = ask("Arizona", "GET", "metadata").status
    walk.check("a new request was answered with", "nothing: nobody listens",
               str(status) if status else "nothing: nobody listens")
    walk.stand.fault("us-west-1", "us-west-2", "us-west-3", clear=True)
