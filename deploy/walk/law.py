"""Scenario 7: a state law arrives as version 2 of the policy, while requests go on."""

import json

from asking import Load
from failing import ORDINARY
from refusing import LABEL
from scenario import Expected, refused, scenario
from stand import CONFIGURATION, OFFICERS, VERSIONS, until


def approve(walk, officer, version):
    """An officer signs a version."""
    done = walk.stand.policy("approve", VERSIONS / f"{version:04}.yaml", "--key",
                             OFFICERS / f"{officer}.key", "--config", CONFIGURATION)
    walk.check(f"homeward policy approve {version:04}.yaml --key {officer}.key",
               "approved", "approved" if done["ok"] else done["message"])


def activate(walk, version, expected):
    """A version is to come into force."""
    done = walk.stand.policy("activate", version, "--config", CONFIGURATION)
    got = (f"version {done['entry']['version']} is in force" if done["ok"]
           else f"refused: {done['message'].split(' in `')[0]}")
    walk.check(f"homeward policy activate {version}", expected, got)


def by_version(versions):
    """Which versions decided, in words."""
    return " and ".join(f"version {version}" for version in sorted(versions, key=str))


@scenario(7, "A state law arrives: with two signatures, version 2 comes into force under load")
def law(walk):
    """California protects its residents' reproductive health (AB 352): rule D-4, patient p1004."""
    target = f"Condition?patient=p1004&_security={LABEL}SEX"
    walk.ask("Texas", "GET", target,
             Expected(200, "R-23", "us-west", "primary", "us-west-1",
                      under_version_1=lambda answer: answer.version == 1))
    walk.note("version 2 says no to that, by a new rule; New York goes on reading meanwhile")
    with Load("New York", ORDINARY) as load:
        until(lambda: load.count >= 30, "the load runs")
        approve(walk, "amina", 2)
        activate(walk, 2, "refused: 1 of 2 needed approvals count")
        begun = load.count
        until(lambda: load.count >= begun + 30, "the load went on", 30)
        walk.check(f"{load.count} requests were decided by", "version 1",
                   by_version(load.versions()))
        approve(walk, "bela", 2)
        activate(walk, 2, "version 2 is in force")
        until(lambda: load.versions(since=load.count - 30) == {2}, "version 2 decides", 30)
    walk.check_load(load)
    walk.check("they were decided by", "version 1 and version 2", by_version(load.versions()))
    walk.ask("Texas", "GET", target,
             refused(403, "D-4", under_version_2=lambda answer: answer.version == 2))
    events = walk.stand.policy("history", "--config", CONFIGURATION)
    told = [event["event"] for event in events if event["version"] == 2]
    walk.check("homeward policy history tells of version 2", "refused, activating, activated",
               ", ".join(told))
