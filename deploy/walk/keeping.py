"""Scenarios 29 to 32: a second edge, in a clinic, keeps what its own policy allows."""

import json
import subprocess

import asking
import signin
from asking import ADDRESSES, CLINIC_BASE
from recording import records
from scenario import Expected, refused, scenario
from stand import CLINIC, PRIMARIES, ROOT, RUN, Trouble, until

LOG = RUN / "clinic" / "audit"
VALUES = "ValueSet/laboratory"
PATIENT = "Patient/p1001"


def stored(answer):
    """Whether the answer came from a server and is kept now."""
    return "stored" in answer.cache and answer.tier != "cache"


def hit(answer):
    """Whether the answer came from memory: it says so, and how old it is."""
    return "hit" in answer.cache and answer.tier == "cache" and answer.fields.get("age", "").isdigit()


def passed(answer):
    """Whether the cache was not asked."""
    return answer.cache == ["fwd=bypass"]


def ask(walk, target, expected, who="nurse-ada", fields=()):
    """One request to the clinic's edge, from Arizona."""
    return walk.ask("Arizona", "GET", target, expected, fields, who=who, base=CLINIC_BASE)


def ask_quietly(target):
    """The same, for waiting: nobody is shown it."""
    return asking.ask("Arizona", "GET", target, who="nurse-ada", base=CLINIC_BASE)


def evidence(walk, answer):
    """What the outcome's record says of the cache; empty when it says nothing."""
    def there():
        lines = map(json.loads,
                    records(walk.stand, "--json", "--decision", answer.decision, log=LOG).splitlines())
        return next(([line.get("cache", {})] for line in lines if line["kind"] == "outcome"), None)
    return until(there, f"the outcome of {answer.decision} is on record")[0]


def cache(walk, *words):
    """Runs `homeward cache` as Olga, an officer."""
    done = subprocess.run(
        [str(walk.stand.build / "homeward"), "cache", *words, "--config", str(CLINIC)],
        capture_output=True, text=True, cwd=ROOT, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Trouble(f"`homeward cache {words[0]}` ended with {done.returncode}: {done.stderr}")
    return done.stdout


def explained(walk, target, who):
    """What would become of somebody's request, sent by curl, in a word; nothing is sent for it."""
    token = RUN / "clinic" / "token"
    token.touch(mode=0o600)
    token.write_text(signin.token(who))
    told = cache(walk, "explain", f"{CLINIC_BASE}/{target}", "--subject-token", str(token),
                 "--client", ADDRESSES["Arizona"], "--field", "accept: */*", "--json")
    token.unlink()
    return json.loads(told)["verdict"]


def counted(walk, name):
    """One of the figures of a class, summed."""
    told = json.loads(cache(walk, "stats", "--json"))
    return sum(figures[name] for figures in told["classes"])


@scenario(29, "A clinic's edge: terminology from memory, and the record says whose answer that was")
def reference(walk):
    """A policy of its own, policies/clinic-edge; nurses Ada and Ben are northside's."""
    walk.stand.start_servers()
    walk.stand.start_clinic()
    first = ask(walk, VALUES, Expected(200, "R-1", stored=stored))
    again = ask(walk, VALUES, Expected(
        200, "R-1", first.region, "cache", hit=hit,
        the_same_bytes=lambda answer: answer.body == first.body), "nurse-ben")
    for who, verdict in (("nurse-ben", "hit"), ("nurse-cleo", "miss")):
        walk.check(f"homeward cache explain {VALUES}, on behalf of {who}", verdict,
                   explained(walk, VALUES, who))
    told = evidence(walk, again)
    walk.check("its record: verdict, and the decision that had it stored", f"hit, {first.decision}",
               f"{told.get('verdict')}, {told.get('storedBy')}")
    ask(walk, VALUES, Expected(200, "R-1", stored=stored), "nurse-cleo")
    walk.note("Cleo is southside's: the tenant is in the key, and sealed under keys of its own")


@scenario(30, "Clinical classes that no cache keeps, whatever a server says")
def never_kept(walk):
    """The servers are made to allow it; the policy's matrix does not."""
    walk.stand.fault(*PRIMARIES, share_charts=True)
    for target in ("Condition/p1001.c1", "MedicationRequest?patient=p1001"):
        for _ in range(2):
            answer = ask(walk, target, Expected(200, "R-4", "us-west", "primary", passed_by=passed))
    walk.check("what the record says of the cache", "nothing",
               "nothing" if not evidence(walk, answer) else "something")


@scenario(31, "A patient withdraws consent: what was kept is gone, and does not come back")
def withdrawn(walk):
    """Demographics are kept for a minute, for one user; the directory's change ends that."""
    first = ask(walk, PATIENT, Expected(200, "R-3", "us-west", "primary", stored=stored))
    ask(walk, PATIENT, Expected(200, "R-3", "us-west", "cache", hit=hit))
    ask(walk, PATIENT, Expected(200, "R-3", "us-west", "primary", stored=stored), "nurse-ben")
    walk.change({"change": "withdraw", "patient": "p1001"})
    until(lambda: ask_quietly(PATIENT).status == 403, "the change is in force")
    ask(walk, PATIENT, refused(403, "D-1"))
    walk.change({"change": "grant", "patient": "p1001"})
    until(lambda: ask_quietly("Condition/p1001.c1").status == 200, "the change is in force")
    after = ask(walk, PATIENT, Expected(200, "R-3", "us-west", "primary", fetched_anew=stored))
    told = ask(walk, PATIENT, Expected(200, "R-3", "us-west", "cache", hit=hit))
    walk.check("stored by the decision after the change, not by the first",
               after.decision, evidence(walk, told).get("storedBy", first.decision))


@scenario(32, "A tenant's keys are destroyed: nothing sealed under them can be opened again")
def shredded(walk):
    """By an officer, on record; another tenant's entries stay."""
    ask(walk, VALUES, Expected(200, "R-1", tier="cache", hit=hit))
    walk.note("homeward cache shred northside, by Olga: "
              + cache(walk, "shred", "northside", "--reason", "the contract ended").strip())
    ask(walk, VALUES, Expected(200, "R-1", fetched_anew=stored))
    ask(walk, VALUES, Expected(200, "R-1", tier="cache", hit=hit), "nurse-cleo")
    walk.check("seals that did not open", "0", str(counted(walk, "broken_seals")))

    def acts():
        lines = map(json.loads, records(walk.stand, "--json", log=LOG).splitlines())
        return [line for line in lines if line["kind"] == "operator-action"
                and line.get("subject") == "cache shred"]
    act = until(acts, "the act is on record")[-1]
    walk.check("the act's record", "olga, tenant northside, the contract ended",
               f"{act['author']}, {act['scope']}, {act['detail']}")
    walk.stand.fault(*PRIMARIES, clear=True)
