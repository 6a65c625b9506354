"""The stand: three regions of three servers, and the edge before them, as processes of ours."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUN = ROOT / "deploy" / "run"
CONFIGURATION = ROOT / "deploy" / "homeward.yaml"
#: A second edge, which keeps answers.
CLINIC = ROOT / "deploy" / "clinic.yaml"
#: The officers' keys, and the policy's versions with their approvals.
OFFICERS = RUN / "officers"
VERSIONS = RUN / "policies" / "clinical-routing"
AUTHORITY = RUN / "certificates" / "ca.pem"
#: The signed directory: the keys, what was built, and what changed since.
DIRECTORY = RUN / "directory"
SNAPSHOT, DELTAS = DIRECTORY / "patients.snapshot", DIRECTORY / "patients.deltas"
#: Where the edge listens.
EDGE_PORT = int(re.search(r"- address: 127\.0\.0\.1:(\d+)", CONFIGURATION.read_text()).group(1))
#: Where its admin API does.
ADMIN_PORT = int(re.search(r"^  address: 127\.0\.0\.1:(\d+)", CONFIGURATION.read_text(), re.M)[1])
#: The same of the second edge.
CLINIC_PORT, CLINIC_ADMIN_PORT = map(
    int, re.findall(r"address: 127\.0\.0\.1:(8\d+)", CLINIC.read_text()))
#: The servers' names and ports, as the configuration has them.
SERVERS = {name: int(port) for name, port in re.findall(
    r"\{ name: (\S+), tier: \w+, address: 127\.0\.0\.1:(\d+) \}", CONFIGURATION.read_text())}
PRIMARIES = [name for name in SERVERS if name.endswith("-1")]


class Trouble(Exception):
    """The stand cannot go on; the message says why and what to do."""


def until(condition, what, seconds=15):
    """Waits for a condition, but not for ever; returns what it gave."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise Trouble(f"gave up after {seconds} s waiting until {what}")
        time.sleep(0.02)


class Stand:
    """Owns the processes it starts, and ends no others. Used from one thread."""

    def __init__(self, build):
        self.build = pathlib.Path(build).resolve()
        self.processes = {}

    # Starting.

    def prepare(self):
        """Looks whether the ports are free, and clears away what an earlier stand left."""
        self._check_ports()
        for folder in ("logs", "pids", "ready"):
            (RUN / folder).mkdir(parents=True, exist_ok=True)
            for leftover in (RUN / folder).iterdir():
                leftover.unlink()

    def _check_ports(self):
        """Says which ports somebody else has."""
        taken = []
        for port in [EDGE_PORT, ADMIN_PORT, CLINIC_PORT, CLINIC_ADMIN_PORT, *SERVERS.values()]:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    taken.append(port)
        if taken:
            raise Trouble(
                f"somebody listens on 127.0.0.1, port {', '.join(map(str, taken))}; perhaps "
                "another demo. See who with: ss -ltnp\nStop it and try again, or change the ports "
                "in deploy/homeward.yaml.")

    def start_servers(self):
        """Starts every server that does not run, and waits until each knows its lag."""
        started = [name for name in SERVERS if not self.is_up(name)]
        for name in started:
            arguments = ["--name", name, "--region", name[:-2], "--port", str(SERVERS[name]),
                         "--patients", "41", "--seed", "1", "--ready-file", self._ready(name)]
            arguments += ["--role", "primary" if name in PRIMARIES else "replica"]
            # Whoever is primary is followed: in its region by all, elsewhere by copies.
            for other, port in SERVERS.items():
                if other != name and (other[:-2] == name[:-2] or name not in PRIMARIES):
                    arguments += ["--replicate-from", f"http://127.0.0.1:{port}"]
            self._start(name, "fixture-region", arguments)
        for name in started:
            self._until_ready(name)
        for name in SERVERS:
            until(lambda: self._is_measured(name), f"`{name}` knows its lag")

    def start_edge(self):
        """Starts the edge, if it does not run, and waits until every loop of it listens."""
        self._start_homeward("edge", CONFIGURATION)

    def start_clinic(self):
        """The same of the second edge."""
        self._start_homeward("clinic", CLINIC)

    def _start_homeward(self, name, configuration):
        if not self.is_up(name):
            self._start(name, "homeward", ["run", "--config", str(configuration), "--ready-file",
                                           self._ready(name)])
            self._until_ready(name)

    def _ready(self, name):
        return str(RUN / "ready" / name)

    def _start(self, name, program, arguments):
        ready = pathlib.Path(self._ready(name))
        ready.unlink(missing_ok=True)
        command = [str(self.build / program), *arguments]
        if shutil.which("setpriv"):
            # Nobody outlives this walk, however it ends.
            command = ["setpriv", "--pdeathsig", "KILL", "--", *command]
        with open(self.log(name), "ab") as log:
            # In a session of its own: Ctrl-C is for the walk, which stops things in order.
            self.processes[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT,
                start_new_session=True)
        (RUN / "pids" / name).write_text(f"{self.processes[name].pid}\n")

    def _until_ready(self, name):
        def answer():
            if not self.is_up(name):
                tail = self.log(name).read_text(errors="replace").splitlines()[-5:]
                raise Trouble("\n".join([f"`{name}` ended while starting:", *tail]))
            return os.path.exists(self._ready(name))
        until(answer, f"`{name}` is ready; its log is {self.log(name)}")

    def log(self, name):
        """The file that a process writes to."""
        return RUN / "logs" / f"{name}.log"

    # Looking.

    def is_up(self, name):
        """Whether a process of ours runs."""
        return name in self.processes and self.processes[name].poll() is None

    def _is_measured(self, name):
        try:
            health = json.loads(self._call(name, "/health"))
        except (urllib.error.URLError, OSError, ValueError):
            return False
        return all(home["lag_ms"] is not None for home in health["homes"].values())

    def _call(self, name, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        url = f"http://127.0.0.1:{SERVERS[name]}{path}"
        with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=2) as answer:
            return answer.read()

    # The policy.

    def policy(self, *words):
        """What `homeward policy ... --json` prints; paths are seen from the repository."""
        named = [word.relative_to(ROOT) if isinstance(word, pathlib.Path) else word
                 for word in words]
        command = [self.build / "homeward", "policy", *named, "--json"]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              cwd=ROOT)
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise Trouble(f"`{' '.join(map(str, words))}` failed: {done.stderr}") from None

    # The directory.

    def directory(self, command, *words, text=None):
        """Runs `homeward directory`, which signs what it writes."""
        done = subprocess.run(
            [str(word) for word in (
                self.build / "homeward", "directory", command, *words,
                "--key", DIRECTORY / "directory.key", "--signing-key", DIRECTORY / "signer.key")],
            capture_output=True, text=True, input=text, cwd=ROOT)
        if done.returncode:
            raise Trouble(f"`homeward directory {command}` failed: {done.stderr}")

    def change(self, change):
        """Appends a change to the log that the edge follows."""
        self.directory("apply", "--from", "-", "--format", "ndjson", "--snapshot", SNAPSHOT,
                       "--deltas", DELTAS, text=json.dumps(change) + "\n")

    # Disturbing.

    def fault(self, *names, **members):
        """Makes servers misbehave; `clear=True` ends that."""
        for name in names:
            self._call(name, "/fault", members)

    def kill(self, name):
        """kill -9."""
        self.processes[name].kill()
        self.processes[name].wait()

    def signal_edge(self, number):
        """Sends a signal to the edge."""
        self.processes["edge"].send_signal(number)

    def edge_status(self, seconds):
        """Waits for the edge to end; its exit status."""
        try:
            return self.processes["edge"].wait(seconds)
        except subprocess.TimeoutExpired:
            raise Trouble(f"the edge did not end within {seconds} s") from None

    def stop(self):
        """Ends every process that this stand started: the edge first, so that it can drain."""
        for name in ("clinic", "edge"):
            if self.is_up(name):
                self.processes[name].send_signal(signal.SIGTERM)
                try:
                    self.processes[name].wait(5)
                except subprocess.TimeoutExpired:
                    self.kill(name)
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait()
