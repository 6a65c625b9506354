"""Officers, and an edge whose policy has versions."""

import hashlib
import json
import subprocess

from . import workshop
from .edge import Edge

#: Who may approve; two of them must.
NAMES = ("amina", "bela", "chidi")


class Result:
    """What a command said."""

    def __init__(self, process):
        self.status, self.text, self.error = process.returncode, process.stdout, process.stderr

    @property
    def json(self):
        """Its output as JSON."""
        return json.loads(self.text)

    def __repr__(self):
        return f"<status {self.status}: {self.text}{self.error}>"


class Office:
    """A folder of versions with their officers, beside the configuration of an edge."""

    def __init__(self, edge, write):
        """`write(version, extra)` gives a version's text; `extra` stands at its top level."""
        self.edge, self.write_text = edge, write
        self.folder = edge.folder / "versions"
        self.folder.mkdir()
        self.state = edge.folder / "policy-state"
        self.officers = edge.folder / "officers.yaml"
        self.lines = {}
        for name in NAMES:
            result = self.run("keys", "generate", "--out", edge.folder / name)
            assert result.status == 0, result
            self.lines[name] = result.text.split("#")[0].rstrip()
        self.write_officers()

    def write_officers(self, **retired):
        """The officers file; `retired` says since when whose key is."""
        lines = ["officers:"]
        for name, line in self.lines.items():
            if name in retired:
                line = line.replace(" }", f", retired: {retired[name]} }}")
            lines.append(line)
        self.officers.write_text("\n".join(lines) + "\n")

    def path(self, version):
        """The file of a version."""
        return self.folder / f"{version:04}.yaml"

    def hash(self, version):
        """The content hash of a version."""
        return "sha256:" + hashlib.sha256(self.path(version).read_bytes()).hexdigest()

    def text(self, version, extra=""):
        """A version's text; it supersedes the one in force."""
        text, pointer = self.write_text(version, extra), self.state / "active"
        if pointer.exists():
            text = text.replace("sha256:" + "0" * 64, pointer.read_text().split()[0])
        return text

    def write(self, version, extra="", approved_by=("amina", "bela")):
        """Writes a version and approves it."""
        self.path(version).write_text(self.text(version, extra))
        for name in approved_by:
            result = self.approve(version, name)
            assert result.status == 0, result

    # Commands.

    def command(self, *words):
        """The words of a `homeward policy` command."""
        return [str(word) for word in (workshop.binary(), "policy", *words)]

    def run(self, *words):
        """Runs a `homeward policy` command to its end."""
        return Result(subprocess.run(
            self.command(*words), capture_output=True, text=True, stdin=subprocess.DEVNULL))

    def approve(self, version, name):
        """One officer approves a version."""
        return self.run("approve", self.path(version), "--key", self.edge.folder / f"{name}.key",
                        "--officer", name)

    def on_edge(self, verb, *words):
        """Runs a command that needs the edge's configuration."""
        return self.run(verb, "--config", self.edge.configuration, *words)

    def activate(self, *words):
        """Runs `activate`."""
        return self.on_edge("activate", *words)

    def status(self):
        """What `status` says."""
        return self.on_edge("status", "--json").json

    def history(self):
        """`event version` of every event."""
        return [f"{entry['event']} {entry['version']}"
                for entry in self.on_edge("history", "--json").json]


class VersionedEdge(Edge):
    """An edge whose policy comes from an office."""

    def policy_section(self):
        return {"directory": "versions", "state": "policy-state",
                "approvals": "{ required: 2, officers: officers.yaml }"}
