"""Scenario 23: what the log holds after all that."""

import json
import subprocess

from scenario import scenario
from stand import RUN


def records(stand, *more, log=RUN / "audit"):
    """What `homeward audit show` prints."""
    command = [str(stand.build / "homeward"), "audit", "show", str(log), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


@scenario(23, "The log: every decision above is on record, without a patient's id")
def record(walk):
    """What answers told is compared with what was recorded of them."""
    text = records(walk.stand, "--json")
    found = {"decision": {}, "outcome": {}}
    for line in text.splitlines():
        entry = json.loads(line)
        if entry["kind"] in found:
            found[entry["kind"]][entry["id"]] = entry
    wrong = []
    for answer in walk.answers:
        decision = found["decision"].get(answer.decision, {})
        outcome = found["outcome"].get(answer.decision, {})
        told = (answer.status, answer.version, answer.rule, answer.region, answer.endpoint)
        recorded = (outcome.get("status"), decision.get("policyVersion"), decision.get("rule"),
                    outcome.get("region", "none"), outcome.get("endpoint"))
        if told != recorded:
            wrong.append(f"{answer.decision} told {told}, recorded {recorded}")
    count = len(walk.answers)
    walk.check("the answers above, compared with their records", f"{count} of {count} agree",
               "; ".join([f"{count - len(wrong)} of {count} agree", *wrong[:3]]))
    named = [patient for patient in ("p1001", "p1003", "p1004", "p1015") if patient in text]
    walk.check("patients' ids in the log", "none", ", ".join(named) or "none")
    refused = next((answer for answer in walk.answers if answer.rule == "D-3"), None)
    if refused:
        walk.note("the refusal of scenario 6, as `homeward audit show --decision` tells it:")
        print("\n" + records(walk.stand, "--decision", refused.decision).rstrip())
