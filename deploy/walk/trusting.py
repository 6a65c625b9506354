"""Scenarios 14 to 17: who asks, why, and whether he still may."""

import json
import subprocess

import signin
from refusing import LABEL
from routing import VITALS, has_matches
from scenario import Expected, refused, scenario
from stand import RUN

#: What an application reads of `WWW-Authenticate`.
CHALLENGE = "www-authenticate"
#: A record under 42 CFR Part 2, whose patient is at home in us-east.
PROTECTED = f"Condition?patient=p1015&_security={LABEL}42CFRPart2"


def challenged(word):
    """Whether the answer says which sign-in would help."""
    return lambda answer: word in answer.fields.get(CHALLENGE, "")


@scenario(14, "Who proves nothing is told to sign in; what only looks like a proof helps nobody")
def unproven(walk):
    """Tokens as attackers make them."""
    chart = VITALS.format("p1001")
    walk.ask("Arizona", "GET", chart,
             refused(401, with_a_challenge=challenged('Bearer realm="homeward"')), who=None)
    walk.ask("Arizona", "GET", "metadata", Expected(200, "R-01"), who=None)
    good = signin.token(signin.USUAL)
    head, claims, signature = good.split(".")
    none = signin._encode(json.dumps({"alg": "none", "kid": signin.KEY_NAME}).encode())
    bad = refused(401, with_invalid_token=challenged("invalid_token"))
    other = signin.mint(sub="nobody").split(".")[1]
    for what, token in {
        "a token without a signature (`alg: none`)": f"{none}.{claims}.",
        "one with another's claims under its signature": f"{head}.{other}.{signature}",
        "one that has expired": signin.mint(sub="dr-lee", roles=["clinician"], exp=1_700_000_000),
        "one for another service": signin.mint(sub="dr-lee", aud="https://elsewhere.example"),
    }.items():
        walk.note(what)
        walk.ask("Arizona", "GET", chart, bad, who=None,
                 hidden=[f"authorization: Bearer {token}"])


@scenario(15, "Breaking the glass: with a right to it, two factors and a reason, and on record")
def glass(walk):
    """A clinician in Arizona; the patient's Part 2 record is at home in us-east."""
    asks = ["ehr-purpose: BTG"]
    reason = "unconscious in the emergency room"
    why = [*asks, f"ehr-reason: {reason}"]
    walk.ask("Arizona", "GET", PROTECTED, refused(403, "D-3"))
    walk.note("Dr Lee's token was not given for that")
    walk.ask("Arizona", "GET", PROTECTED, refused(403), why)
    walk.note("Dr Ito's was, but she has shown her password only: she is asked for a second factor")
    walk.ask("Arizona", "GET", PROTECTED,
             refused(401, with_step_up=challenged("insufficient_user_authentication")), why,
             who="dr-ito")
    walk.note("with a second factor, but without a reason")
    walk.ask("Arizona", "GET", PROTECTED, refused(403), asks, who="dr-ito-two-factors")
    broken = walk.ask(
        "Arizona", "GET", PROTECTED,
        Expected(200, "R-23", "us-east", "primary", "us-east-1", with_matches=has_matches), why,
        who="dr-ito-two-factors")
    walk.note("the region is still the patient's home; an emergency changes nothing about that")

    def shown(*more):
        command = [walk.stand.build / "homeward", "audit", "show", RUN / "audit", "--decision",
                   broken.decision, *more]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    walk.check("the reason in the record, without the key",
               "sealed", "readable" if reason in shown() else "sealed")
    walk.check("the reason in the record, with the key", "readable",
               "readable" if f"reason given: {reason}" in
               shown("--unseal", RUN / "pseudonym.key") else "missing")
    walk.ask("Arizona", "GET", PROTECTED, refused(403, "D-3"), who="dr-ito-two-factors")


@scenario(16, "A patient withdraws consent in mid-session: the next request is refused")
def withdrawn(walk):
    """Patient p1001: the directory learns it by a signed change, without a signal or a restart."""
    note = f"DocumentReference?patient=p1001&_security={LABEL}PSYTHPN"
    open_note = Expected(200, "R-23", "us-west", "primary", "us-west-1", with_matches=has_matches)
    walk.ask("Arizona", "GET", note, open_note)
    walk.change({"change": "withdraw", "patient": "p1001"})
    walk.ask_until("Arizona", "GET", note, refused(403, "D-5"), seconds=1)
    walk.note("the ordinary chart stays open; the policy protects what is sensitive")
    walk.ask("Arizona", "GET", VITALS.format("p1001"),
             Expected(200, "R-11", "us-west", "replica"))
    walk.change({"change": "grant", "patient": "p1001"})
    walk.ask_until("Arizona", "GET", note, open_note, seconds=1)


def batch(*targets):
    """A batch of reads."""
    entries = [{"request": {"method": "GET", "url": target}} for target in targets]
    return {"resourceType": "Bundle", "type": "batch", "entry": entries}


@scenario(17, "A batch is judged as a whole: one entry too many, and none of it goes anywhere")
def batches(walk):
    """Each entry by itself would be served from Arizona, or not; their sum must not be guessed."""
    walk.note("two patients with two homes: no single region may answer that")
    walk.ask("Arizona", "POST", "", refused(None, a_refusal=lambda answer: answer.status >= 400),
             body=batch(VITALS.format("p1001"), VITALS.format("p1003")))
    walk.note("vital signs, and among them a record under 42 CFR Part 2")
    walk.ask("Arizona", "POST", "", refused(403),
             body=batch(VITALS.format("p1015"), PROTECTED))
