"""Requests: real curl processes that speak HTTP/2 to the edge, and what came back."""

import json
import re
import subprocess
import tempfile
import threading

import signin
from stand import AUTHORITY, CLINIC_PORT, EDGE_PORT

BASE = f"https://127.0.0.1:{EDGE_PORT}/fhir"
#: The same of the clinic's edge.
CLINIC_BASE = f"https://127.0.0.1:{CLINIC_PORT}/fhir"
#: Where the demo's geo database puts loopback addresses.
ADDRESSES = {
    "Arizona": "127.1.0.1", "New York": "127.2.0.1", "Washington": "127.3.0.1",
    "Texas": "127.4.0.1", "California": "127.5.0.1", "Minnesota": "127.6.0.1",
    "England": "127.20.0.1", "a VPN": "127.30.0.1", "an unlisted network": "127.50.0.1",
}


def command(place, *more, who=signin.USUAL):
    """A curl command from a place, with the token of one of the demo's people."""
    proof = ["--header", f"authorization: Bearer {signin.token(who)}"] if who else []
    return ["curl", "--silent", "--http2", "--max-time", "20", "--cacert", str(AUTHORITY),
            "--interface", ADDRESSES[place], *proof, *more]


class Answer:
    """One response: status, header fields by lower-case name, body; what the edge says in it."""

    def __init__(self, text):
        head, _, self.body = text.replace("\r\n", "\n").partition("\n\n")
        lines = head.splitlines() or [""]
        words = lines[0].split()
        self.status = int(words[1]) if len(words) > 1 else 0
        self.is_http2 = words[:1] == ["HTTP/2"]
        pairs = (line.partition(":") for line in lines[1:])
        self.fields = {name.lower(): value.strip() for name, _, value in pairs}
        self.region = self._field("ehr-region", r"(.*)")
        self.decision = self._field("ehr-decision-id", r"(.*)")
        self.policy = self._field("ehr-policy", r"^([^;]+)")
        self.rule = self._field("ehr-policy", r"rule=([^;]+)")
        version = self._field("ehr-policy", r"version=(\d+)")
        self.version = int(version) if version else None
        self.endpoint = self._field("proxy-status", r'next-hop="([^"]+)"')
        self.error = self._field("proxy-status", r'details="([^"]+)"')
        self.tier = self._field("ehr-freshness", r"source=([^;]+)")
        self.lag = self._field("ehr-freshness", r"lag=([^;]+)")
        self.bound = self._field("ehr-freshness", r"bound=([^;]+)")
        self.is_stale = self._field("ehr-freshness", r";(stale)") is not None
        #: What the cache did, as words: hit, fwd=..., stored, ttl=...
        self.cache = self.fields.get("cache-status", "").removeprefix("homeward; ").split("; ")

    def _field(self, name, pattern):
        found = re.search(pattern, self.fields.get(name, ""))
        return found.group(1) if found else None

    @property
    def json(self):
        """The body, or an empty object."""
        try:
            return json.loads(self.body)
        except ValueError:
            return {}

    @property
    def outcome(self):
        """What an OperationOutcome tells its reader; nothing when the body is not one."""
        if self.json.get("resourceType") != "OperationOutcome":
            return None
        issue = self.json["issue"][0]
        return issue.get("details", {}).get("text") or issue.get("diagnostics")


def ask(place, method, target, fields=(), body=None, who=signin.USUAL, base=BASE):
    """Asks once, with a curl process of its own."""
    more = ["--include"]
    if method != "GET":
        more += ["--request", method]
    for field in fields:
        more += ["--header", field]
    if body is not None:
        more += ["--header", "content-type: application/fhir+json", "--data-binary", "@-"]
    done = subprocess.run(
        command(place, *more, "--globoff", f"{base}/{target}".rstrip("/"), who=who),
        capture_output=True, text=True, input=None if body is None else json.dumps(body))
    return Answer(done.stdout)


class Pending:
    """A request under way."""

    def __init__(self, place, target):
        self._notes = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(
            command(place, "--include", "--verbose", "--globoff", f"{BASE}/{target}"),
            stdout=subprocess.PIPE, stderr=self._notes, text=True)

    def is_sent(self):
        """Whether the request left curl."""
        self._notes.seek(0)
        return "\n> \n" in self._notes.read().replace("\r\n", "\n")

    def answer(self):
        """Waits for the response."""
        return Answer(self._process.communicate()[0])


class Load:
    """Safe requests without pause, each curl process asking all targets; counts what came back."""

    def __init__(self, place, targets, threads=2):
        self._command = command(place, "--dump-header", "-", "--globoff")
        for target in targets:
            self._command += ["--output", "/dev/null", f"{BASE}/{target}"]
        self._target_count = len(targets)
        self._lock = threading.Lock()
        self._answers = []
        self._failures = []
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _work(self):
        while not self._is_over.is_set():
            done = subprocess.run(self._command, capture_output=True, text=True)
            heads = done.stdout.replace("\r\n", "\n").split("\n\n")
            answers = [Answer(head + "\n\n") for head in heads if head]
            wrong = [f"{answer.status} ({answer.error}), decision {answer.decision}"
                     for answer in answers if answer.status != 200]
            if done.returncode or len(answers) != self._target_count:
                wrong.append(f"curl ended with {done.returncode} after {len(answers)} answers")
            with self._lock:
                self._answers += answers
                self._failures += wrong

    @property
    def count(self):
        """How many answers came so far."""
        with self._lock:
            return len(self._answers)

    @property
    def failures(self):
        """What went wrong so far."""
        with self._lock:
            return list(self._failures)

    def endpoints(self, since=0):
        """Who gave the answers from the given number on."""
        with self._lock:
            return {answer.endpoint for answer in self._answers[since:]}

    def versions(self, since=0):
        """Which policy versions decided from the given number on."""
        with self._lock:
            return {answer.version for answer in self._answers[since:]}
