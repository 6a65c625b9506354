"""Scenarios 6 and 8 to 13: what is refused, to whom, and what is not."""

from asking import ask
from routing import VITALS, has_matches
from scenario import Expected, refused, scenario

LABEL = "http://terminology.hl7.org/CodeSystem/v3-ActCode|"
VALUE_SET = "ValueSet/$expand?url=http://homeward.example/fhir/ValueSet/vital-signs"


@scenario(6, "Substance-use treatment (42 CFR Part 2) does not cross regions")
def substance_use(walk):
    """Patient p1015 is at home in us-east."""
    target = f"Condition?patient=p1015&_security={LABEL}42CFRPart2"
    near = Expected(200, "R-23", "us-east", "primary", "us-east-1")
    walk.ask("Arizona", "GET", target, refused(403, "D-3"))
    walk.ask("New York", "GET", target,
             Expected(200, "R-23", "us-east", "primary", "us-east-1", with_matches=has_matches))
    walk.note("nor by its id, which does not say what it is: the directory flags the patient")
    walk.ask("Arizona", "GET", "Condition/p1015.c5", refused(403, "D-3"))
    walk.ask("New York", "GET", "Condition/p1015.c5", near)
    walk.ask("Arizona", "GET", VITALS.format("p1015"),
             Expected(200, "R-11", "us-west", "replica", with_matches=has_matches))


@scenario(8, "Reproductive health of a Californian: denied in Texas, vital signs are not")
def reproductive_health(walk):
    """Patient p1004 lives in California."""
    target = f"Condition?patient=p1004&_security={LABEL}SEX"
    walk.ask("Texas", "GET", target, refused(403, "D-4"))
    walk.ask("California", "GET", target,
             Expected(200, "R-23", "us-west", "primary", "us-west-1", with_matches=has_matches))
    walk.ask("Texas", "GET", VITALS.format("p1004"),
             Expected(200, "R-11", "us-central", "replica", with_matches=has_matches))


@scenario(9, "Consent withdrawn: protected records are refused even near home")
def withdrawn(walk):
    """Patient p1011 lives in Texas and has withdrawn consent."""
    walk.ask("Texas", "GET", f"Condition?patient=p1011&_security={LABEL}PSY",
             refused(403, "D-5"))
    walk.ask("Texas", "GET", VITALS.format("p1011"),
             Expected(200, "R-11", "us-central", "replica"))


@scenario(10, "Abroad: no patient data, but reference data and the server's description")
def abroad(walk):
    """England is not under the law of the United States."""
    walk.ask("England", "GET", VITALS.format("p1001"), refused(403, "D-1"))
    walk.ask("England", "GET", VALUE_SET, Expected(200, "R-02", tier="replica"))
    walk.ask("England", "GET", "metadata", Expected(200, "R-01", tier="replica"))


@scenario(11, "Where the user is cannot be told: patient data from the home region only")
def unknown_place(walk):
    """The VPN's address is listed for New York, but it is a VPN's."""
    walk.ask("New York", "GET", VITALS.format("p1002"),
             Expected(200, "R-11", "us-east", "replica"))
    walk.note("the patient's home is us-central; rule R-14 leaves no other region")
    for place in ("a VPN", "an unlisted network"):
        walk.ask(place, "GET", VITALS.format("p1002"),
                 Expected(200, "R-14", "us-central", "replica"))
    walk.ask("a VPN", "GET", f"Condition?patient=p1015&_security={LABEL}SUD", refused(403, "D-3"))


@scenario(12, "Header fields that claim another place change nothing")
def spoofed(walk):
    """Nobody's word is taken: no proxy is trusted in the demo's configuration."""
    claims = ["x-forwarded-for: 127.5.0.1", "forwarded: for=127.5.0.1", "x-real-ip: 127.5.0.1",
              "x-fhir-dsid: us-west", "x-consent-scope: bypass"]
    walk.ask("Texas", "GET", f"Condition?patient=p1004&_security={LABEL}SEX",
             refused(403, "D-4"), claims)
    honest = ask("Texas", "GET", VITALS.format("p1004"))
    walk.ask("Texas", "GET", VITALS.format("p1004"),
             Expected(200, honest.rule, honest.region, honest.tier), claims)


@scenario(13, "Reference data comes from wherever is near; unclear patients go nowhere")
def unclear(walk):
    """Nothing is guessed."""
    walk.ask("Texas", "GET", VALUE_SET, Expected(200, "R-02", "us-central", "replica"))
    walk.ask("New York", "GET", "Practitioner/pr-us-west-1",
             Expected(200, "R-02", "us-east", "replica"))
    walk.ask("New York", "GET", VITALS.format("p9999"), refused(403, "D-2"))
    walk.ask("New York", "GET", "Observation?patient=p1001,p1003", refused(422))
    walk.ask("New York", "GET", "Observation?subject=p1001&performer=Patient/p1003", refused(422))
