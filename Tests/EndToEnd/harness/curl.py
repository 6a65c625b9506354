"""curl and h2load against the edge."""

import json
import os
import re
import subprocess

from . import content, geo, workshop


class Reply:
    """One answer as curl saw it; `code` is curl's exit status."""

    def __init__(self, code, status, http, headers, body, error):
        self.code, self.status, self.http = code, status, http
        self.headers, self.error = headers, error
        self._body = body

    @property
    def body(self):
        """The body's bytes."""
        return self._body.read_bytes() if self._body.exists() else b""

    @property
    def json(self):
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def sha256(self):
        """The body's digest."""
        return content.sha256(self.body)

    def header(self, name):
        """The value of a field; None when it is absent."""
        return (self.headers.get(name) or [None])[0]

    def __repr__(self):
        return f"<{self.status} HTTP/{self.http} curl={self.code} {self.error.strip()}>"


def fetch(edge, path, *arguments, http="--http2", source=geo.ARIZONA, within=20, stdin=None):
    """One request; `arguments` go to curl, and the file `stdin` into it."""
    folder = workshop.folder("curl")
    command = [
        "curl", http, "--silent", "--show-error", "--max-time", within, "--interface", source,
        "--cacert", edge.authority, "--output", folder / "body", "--write-out",
        "%{json}\\n%{header_json}", *arguments, f"https://127.0.0.1:{edge.port}{path}"]
    with open(stdin or os.devnull, "rb") as source_file:
        result = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, stdin=source_file)
    facts, _, headers = result.stdout.partition("\n")
    facts = json.loads(facts)
    return Reply(facts["exitcode"], facts["response_code"], facts["http_version"],
                 json.loads(headers or "{}"), folder / "body", result.stderr)


class Load:
    """h2load on its way; `progress` tells how far it is."""

    def __init__(self, edge, path, requests, clients, streams=1):
        command = ["h2load", "-n", requests, "-c", clients, "-m", streams, "-t", 1,
                   f"https://127.0.0.1:{edge.port}{path}"]
        self.lines = []
        self.process = workshop.spawn(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def wait_progress(self, percent):
        """Reads on until so much is done."""
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            match = re.match(r"progress: (\d+)%", line)
            if match and int(match[1]) >= percent:
                return
        raise AssertionError(f"h2load ended before {percent} %: {self.lines}")

    def finish(self):
        """Reads to the end and gives the counts of h2load's summary."""
        self.lines += [line.rstrip() for line in self.process.stdout]
        self.process.wait()
        text = "\n".join(self.lines)
        counts = {name: int(count) for count, name in re.findall(
            r"(\d+) (total|started|done|succeeded|failed|errored|timeout|2xx|3xx|4xx|5xx)", text)}
        assert "total" in counts, f"h2load gave no summary: {text}"
        return counts


def load(edge, path, requests, clients, streams=1):
    """A whole run of h2load; its counts."""
    return Load(edge, path, requests, clients, streams).finish()
