"""Scenarios 1 to 5: where reads and writes go when all is well."""

from asking import ask
from scenario import Expected, scenario

VITALS = "Observation?patient={}&category=vital-signs"


def is_label(answer, code):
    """Whether the resource bears a security label."""
    labels = answer.json.get("meta", {}).get("security", [])
    return any(label["code"] == code for label in labels)


def has_matches(answer):
    """Whether a search found something."""
    return answer.json.get("total", 0) > 0


def is_not_stored(answer):
    """Whether no cache may keep the answer."""
    return answer.fields.get("cache-control") == "no-store"


@scenario(1, "A clinician in Arizona opens vital signs: a copy in the West answers")
def arizona(walk):
    """Patient p1001 is at home in us-west."""
    walk.ask("Arizona", "GET", VITALS.format("p1001"),
             Expected(200, "R-11", "us-west", "replica", with_matches=has_matches,
                      telling_its_lag=lambda answer: answer.lag is not None))


@scenario(2, "Primary care in New York: copies in the East for reads, the primary for writes")
def new_york(walk):
    """Patient p1003 is at home in us-east."""
    walk.ask("New York", "GET", "Condition?patient=p1003&category=problem-list-item",
             Expected(200, "R-11", "us-east", "replica", with_matches=has_matches))
    before = ask("New York", "GET", "Condition/p1003.c1")
    problem = before.json
    problem["note"] = [{"text": "Reviewed at the visit"}]
    written = walk.ask(
        "New York", "PUT", "Condition/p1003.c1",
        Expected(200, "R-30", "us-east", "primary", "us-east-1",
                 with_a_new_version=lambda answer: answer.fields.get("etag", "") > ""
                 and answer.fields["etag"] != before.fields.get("etag")),
        [f"if-match: {before.fields.get('etag')}"], problem)
    version = written.fields.get("etag")
    walk.note(f"the copies follow the primary; soon one of them has version {version}")
    walk.ask_until("New York", "GET", "Condition/p1003.c1",
                   Expected(200, "R-15", "us-east", "replica",
                            with_that_version=lambda answer: answer.fields.get("etag") == version,
                            with_the_note=lambda answer: "Reviewed" in answer.body))


@scenario(3, "A psychotherapy note: the home primary, although a fresh copy is nearer")
def psychotherapy(walk):
    """Asked from New York; the patient's home is us-west."""
    walk.ask("New York", "GET", VITALS.format("p1001"),
             Expected(200, "R-11", "us-east", "replica"))
    walk.note("so the East has a fresh copy of this patient; the note still comes from home")
    for place in ("New York", "Arizona"):
        walk.ask(place, "GET", "DocumentReference/p1001.d2",
                 Expected(200, "R-21", "us-west", "primary", "us-west-1",
                          labelled_PSYTHPN=lambda answer: is_label(answer, "PSYTHPN"),
                          never_stored=is_not_stored))


@scenario(4, "Telehealth from Washington, a patient of the East: near for reads, home for writes")
def washington(walk):
    """Patient p1003 again; the user is in the West."""
    for target in ("Patient/p1003", "AllergyIntolerance?patient=p1003", VITALS.format("p1003")):
        walk.ask("Washington", "GET", target, Expected(200, "R-11", "us-west", "replica"))
    participant = {"actor": {"reference": "Patient/p1003"}, "status": "accepted"}
    walk.ask("Washington", "POST", "Appointment?patient=p1003",
             Expected(201, "R-30", "us-east", "primary", "us-east-1"),
             body={"resourceType": "Appointment", "status": "booked",
                   "start": "2026-12-01T16:00:00Z", "end": "2026-12-01T16:30:00Z",
                   "participant": [participant]})
    walk.ask("Washington", "PUT", "Encounter/p1003.telehealth",
             Expected(201, "R-30", "us-east", "primary", "us-east-1"),
             body={"resourceType": "Encounter", "id": "p1003.telehealth", "status": "in-progress",
                   "class": {"code": "VR"}, "subject": {"reference": "Patient/p1003"}})


@scenario(5, "Medication reconciliation: always the home primary, never a copy")
def medications(walk):
    """From near and far."""
    for place in ("New York", "Washington"):
        walk.ask(place, "GET", "MedicationRequest?patient=p1003",
                 Expected(200, "R-22", "us-east", "primary", "us-east-1", with_matches=has_matches,
                          never_stored=is_not_stored))
