#!/usr/bin/env python3
"""Checks FHIR R4 AuditEvents (`homeward audit export --format fhir`), one a line.

usage: python3 Tests/EndToEnd/harness/auditevent.py FILE

Without further packages this checks the elements, codes and BALP slices that Homeward writes. Where
PyPI's `fhir.resources` can be imported (`pip install fhir.resources`, best in a virtual environment
outside of the tree), each line also has to pass its R4B model of AuditEvent.
"""

import base64
import json
import re
import sys

BALP = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z")
ELEMENTS = {"resourceType", "id", "meta", "type", "subtype", "action", "period", "recorded",
            "outcome", "outcomeDesc", "purposeOfEvent", "agent", "source", "entity"}
AGENT = {"type", "role", "who", "altId", "name", "requestor", "location", "policy", "media",
         "network", "purposeOfUse"}
ENTITY = {"what", "type", "role", "lifecycle", "securityLabel", "name", "description", "query",
          "detail"}
#: BALP's patterns: action, interactions, the client's and the server's type.
PATTERNS = {
    "Read": ("R", {"read", "vread"}, "110152", "110153"),
    "Create": ("C", {"create"}, "110153", "110152"),
    "Update": ("U", {"update", "patch"}, "110153", "110152"),
    "Delete": ("D", {"delete"}, "110150", "custodian"),
    "Query": ("E", {"search"}, "110153", "110152"),
}


def require(condition, what):
    """Raises ValueError unless the condition holds."""
    if not condition:
        raise ValueError(what)


def codes(concept):
    """The codes of a CodeableConcept, whose systems must be absolute."""
    for coding in concept.get("coding", []):
        require(re.match(r"(http|https|urn):", coding["system"]), f"system {coding}")
    return [coding["code"] for coding in concept.get("coding", [])]


def no_empty(value, path="AuditEvent"):
    """FHIR knows no empty elements."""
    if isinstance(value, dict):
        require(value, f"{path} is empty")
        for key, inner in value.items():
            no_empty(inner, f"{path}.{key}")
    elif isinstance(value, list):
        require(value, f"{path} is empty")
        for inner in value:
            no_empty(inner, path)
    else:
        require(value not in ("", None), f"{path} is empty")


def check_agent(agent):
    """The rules of AuditEvent.agent."""
    require(set(agent) <= AGENT, f"unknown elements of agent: {set(agent) - AGENT}")
    require(isinstance(agent.get("requestor"), bool), "agent.requestor is missing")
    codes(agent["type"])
    if "network" in agent:
        require(agent["network"]["type"] in "12345", "agent.network.type")
        require(agent["network"]["address"], "agent.network.address")


def check_entity(entity):
    """The rules of AuditEvent.entity; sev-1: name or query, not both."""
    require(set(entity) <= ENTITY, f"unknown elements of entity: {set(entity) - ENTITY}")
    require(not ("name" in entity and "query" in entity), "sev-1: both name and query")
    if "query" in entity:
        base64.b64decode(entity["query"], validate=True)
    for label in entity.get("securityLabel", []):
        codes({"coding": [label]})
    for detail in entity.get("detail", []):
        require(detail["type"] and "valueString" in detail, "entity.detail")


def slices(event):
    """Entities by BALP's slices."""
    found = {}
    for entity in event["entity"]:
        code = (entity["type"]["code"], entity.get("role", {}).get("code"))
        name = {("1", "1"): "patient", ("2", "4"): "data", ("2", "24"): "query",
                ("XrequestId", None): "transaction", ("4", None): "other"}[code]
        require(name not in found, f"two entities {name}")
        found[name] = entity
    return found


def check_pattern(event):
    """What a claimed BALP profile demands, and what our shapes hold in any case."""
    claimed = event.get("meta", {}).get("profile", [])
    found, action = slices(event), event["subtype"][0]["code"]
    name = next((n for n, p in PATTERNS.items() if action in p[1]), None)
    if event["type"]["code"] != "rest" or name is None:
        require(not claimed, f"{claimed} is claimed by {action}")
        return
    expected, _, client, server = PATTERNS[name]
    require(event["action"] == expected, f"action {event['action']} of {name}")
    types = [codes(agent["type"]) for agent in event["agent"]]
    require(types.count([client]) == 1 and types.count([server]) == 1, f"agents {types}")
    for agent in event["agent"]:
        if codes(agent["type"]) == ["IRCP"]:
            require(agent["requestor"] and "network" not in agent, "agent user")
    require("who" in event["agent"][0] and "who" in event["agent"][1], "agent.who")
    require(("query" if name == "Query" else "data") in found, f"entities {set(found)}")
    require(found["transaction"]["what"]["identifier"]["value"], "entity transaction")
    if not claimed:
        return
    patient = "Patient" if "patient" in found else ""
    require(claimed == [f"{BALP}{patient}{name}"], f"{claimed} is claimed by {name}")
    require(event["outcome"] == "0", "a failure claims a profile")
    require(all("network" in agent for agent in event["agent"][:2]), "agent.network is missing")
    require("what" in found["data"], "entity data")
    if patient:
        require(found["patient"]["what"]["reference"].startswith("Patient/"), "entity patient")


def check(event):
    """Raises ValueError unless it is an AuditEvent of our shapes."""
    no_empty(event)
    require(event["resourceType"] == "AuditEvent", "resourceType")
    require(set(event) <= ELEMENTS, f"unknown elements: {set(event) - ELEMENTS}")
    require(re.fullmatch(r"[A-Za-z0-9.-]{1,64}", event.get("id", "x")), "id")
    require(INSTANT.match(event["recorded"]), "recorded")
    require(event["action"] in "CRUDE", "action")
    require(event.get("outcome", "0") in ("0", "4", "8", "12"), "outcome")
    codes({"coding": [event["type"], *event["subtype"]]})
    require(event["source"]["observer"]["identifier"]["value"], "source.observer")
    require(sum(agent["requestor"] for agent in event["agent"]) <= 1, "two requestors")
    for agent in event["agent"]:
        check_agent(agent)
    for entity in event["entity"]:
        check_entity(entity)
    check_pattern(event)


def model():
    """PyPI's model of an R4 AuditEvent; None where it is not installed."""
    try:
        from fhir.resources.R4B.auditevent import AuditEvent
    except ImportError:
        return None
    return AuditEvent


def check_file(path):
    """Checks each line of a file; how many there are, and by what they were checked."""
    official, count = model(), 0
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                check(json.loads(line))
                if official:
                    official.model_validate_json(line)
            except (ValueError, KeyError, IndexError) as error:
                raise ValueError(f"{path}:{number}: {type(error).__name__}: {error}") from error
            count += 1
    by = "also by fhir.resources' R4B model" if official else "without fhir.resources"
    return f"{count} AuditEvents hold, checked {by}"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        print(check_file(sys.argv[1]))
    except ValueError as fault:
        sys.exit(str(fault))
