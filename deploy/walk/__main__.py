"""Starts the demo's stand, walks through the scenarios, and stops it again: deploy/demo runs this.

usage: python3 deploy/walk --build DIR [--once]
"""

import argparse
import hashlib
import os
import signal
import sys
import time

import failing  # noqa: F401 (scenarios register themselves)
import keeping  # noqa: F401
import law  # noqa: F401
import moving  # noqa: F401
import recording  # noqa: F401
import refusing  # noqa: F401
import routing
import trusting  # noqa: F401
from asking import ADDRESSES, AUTHORITY, BASE, ask
from scenario import ALL, Expected, Walk
from stand import CONFIGURATION, DIRECTORY, OFFICERS, RUN, SERVERS, VERSIONS, Stand, Trouble, until
from telling import Teller

#: A patient of each region, and where each region's users are.
NEAR = {"Arizona": "us-west", "Texas": "us-central", "New York": "us-east"}
PATIENTS = ("p1001", "p1002", "p1003")
#: The signals that end the demo.
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def ready(stand, teller):
    """Starts what does not run, and waits until every request would be decided right."""
    teller.step(f"Starting {len(SERVERS)} servers in three regions")
    stand.start_servers()
    teller.step("Starting the edge")
    stand.start_edge()
    for place, region in NEAR.items():
        for patient in PATIENTS:
            right = Expected(200, "R-11", region, "replica")
            until(lambda: right.holds(ask(place, "GET", routing.VITALS.format(patient))),
                  f"{place} is served by copies of {region}; see {stand.log('edge')}")


def play(stand, teller):
    """Tells how to play on, and waits for Ctrl-C."""
    def here(path):
        return os.path.relpath(path, RUN.parents[1])
    run, homeward, authority = here(RUN), here(stand.build / "homeward"), here(AUTHORITY)
    officers, versions, config = here(OFFICERS), here(VERSIONS), here(CONFIGURATION)
    digest = hashlib.sha256((VERSIONS / "0002.yaml").read_bytes()).hexdigest()
    directory = here(DIRECTORY)
    places = "\n".join(f"  {address:11} {place}" for place, address in ADDRESSES.items())
    servers = "\n".join(f"  {port} {name}" for name, port in SERVERS.items())
    teller.step("Everything is up; Ctrl-C stops it")
    print(f"""
Ask, as Dr Lee (Dr Ito, who may break the glass with two factors, is dr-ito or dr-ito-two-factors):
  token=$(python3 deploy/walk/signin.py dr-lee)
  curl -i --http2 --cacert {authority} --interface 127.1.0.1 -H "authorization: Bearer $token" \\
    '{BASE}/Observation?patient=p1001&category=vital-signs'

Why an answer was as it was, with the id in its EHR-Decision-Id:
  {homeward} audit show {run}/audit --decision ID

What a token proves:
  {homeward} facts token "$token" --config {config}

Withdraw a patient's consent (scenario 16), and give it back with `grant`:
  echo '{{"change":"withdraw","patient":"p1001"}}' | {homeward} directory apply --from - \\
    --format ndjson --snapshot {directory}/patients.snapshot --deltas {directory}/patients.deltas \\
    --key {directory}/directory.key --signing-key {directory}/signer.key

Make a server misbehave (fixtures/region/README.md lists the ways), and end that:
  curl -X POST http://127.0.0.1:{SERVERS['us-east-2']}/fault -d '{{"lag_ms":45000}}'
  curl -X POST http://127.0.0.1:{SERVERS['us-east-2']}/fault -d '{{"clear":true}}'
  kill -9 $(cat {run}/pids/us-east-2)

Go back to version 1 of the policy and forth again, and look at what happened:
  {homeward} policy rollback --config {config}
  {homeward} policy activate --config {config} 2
  {homeward} policy status --config {config}
  {homeward} policy history --config {config}

A version is never changed; write the next one, change a rule in it, and check it:
  sed 's/^version: .*/version: 3/; s/^supersedes: .*/supersedes: sha256:{digest}/' \\
    {versions}/0002.yaml > {versions}/0003.yaml
  {homeward} policy check {versions}/0003.yaml
Let the edge try it without obeying it, ask for something, and see in `policy status` what differs:
  {homeward} policy shadow {versions}/0003.yaml --config {config}
Two officers sign it, then it decides:
  {homeward} policy approve {versions}/0003.yaml --key {officers}/amina.key --config {config}
  {homeward} policy approve {versions}/0003.yaml --key {officers}/bela.key --config {config}
  {homeward} policy activate --config {config}

Addresses to ask from, and where the edge believes they are:
{places}
Servers by port:
{servers}
Logs: {run}/logs
""", flush=True)
    while True:
        signal.pause()


def walk_all(stand, teller):
    """Walks through every scenario."""
    walk = Walk(stand, teller)
    for number, (title, scenario) in sorted(ALL.items()):
        teller.open(number, title)
        try:
            scenario(walk)
        except Trouble as trouble:
            walk.check("the scenario", "goes to its end", str(trouble))
        teller.close(number, title)
    teller.summary()


def interrupted(*_):
    """A signal asks for the end."""
    raise KeyboardInterrupt


def main():
    """The way through the demo; the exit status."""
    parser = argparse.ArgumentParser(description="the demo's walk; deploy/demo runs it")
    parser.add_argument("--build", required=True, help="the folder of the binaries")
    parser.add_argument("--once", action="store_true", help="stop everything after the walk")
    arguments = parser.parse_args()
    for number in ENDS:
        signal.signal(number, interrupted)
    teller = Teller()
    stand = Stand(arguments.build)
    began = time.monotonic()
    try:
        stand.prepare()
        ready(stand, teller)
        walk_all(stand, teller)
        print(f"{time.monotonic() - began:.0f} s", flush=True)
        # Also where nobody is going to play: that it can go on belongs to what is checked.
        ready(stand, teller)
        if not arguments.once:
            play(stand, teller)
        return 1 if teller.wrong else 0
    except Trouble as trouble:
        print(f"deploy/demo: {trouble}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        for number in ENDS:
            signal.signal(number, signal.SIG_IGN)
        stand.stop()


sys.exit(main())
