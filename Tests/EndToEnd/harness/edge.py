"""The edge under test: its configuration, its life and what can be seen of it from outside."""

import hashlib
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess

from . import geo, policies, workshop
from .programs import SERVER_NAME
from .waiting import until

#: The patients of transport tests: one for each region, `p1` in the first.
HEADER = "patient,home,residency,consent,flags"


class Endpoint:
    """One line of the configuration's regions: an origin and how to speak to it."""

    def __init__(self, origin, tier="primary", protocol="http1", tls=None, **settings):
        self.origin, self.tier, self.protocol = origin, tier, protocol
        self.tls, self.settings = tls, settings

    def lines(self):
        """The endpoint in the configuration."""
        text = [f"      - name: {self.origin.name}", f"        tier: {self.tier}",
                f"        address: 127.0.0.1:{self.origin.port}",
                f"        protocol: {self.protocol}"]
        text += [f"        {name}: {value}" for name, value in self.settings.items()]
        if self.tls:
            text += ["        tls:"] + [f"          {n}: {v}" for n, v in self.tls.items()]
        return text


#: TLS towards an endpoint, and the same with the edge's own certificate.
TLS = {"server_name": SERVER_NAME, "authorities": "certificates/origin-ca.pem"}
MUTUAL_TLS = TLS | {"certificate": "certificates/client.pem", "key": "certificates/client.key"}

#: The admin API: `ana` is an SRE by certificate, `otto` an auditor; tokens are in a file.
ADMIN = ["admin:", "  address: 127.0.0.1:0", "  tls:", "    certificates:",
         "      - { chain: certificates/server.pem, key: certificates/server.key }",
         "    client_certificates: request", "    client_authorities: certificates/ca.pem",
         "  callers:", "    - { uri: urn:homeward:operator:ana, name: ana, roles: [sre] }",
         "    - { uri: urn:homeward:operator:otto, name: otto, roles: [auditor] }",
         "  tokens: tokens",
         "  client: { authorities: certificates/ca.pem, certificate: certificates/sre.pem,"
         " key: certificates/sre.key }"]


class Edge:
    """One edge; `start` it, and `stop` it, which says whether it ended well.

    `regions` maps names to lists of `Endpoint`. `patients` are lines of the directory; by default
    patient `pN` is at home in region number N. Sections are mappings of keys to values.
    """

    def __init__(self, regions, policy=None, patients=None, loops=2, location=False, timeouts=None,
                 limits=None, health=None, alpn=None, client_certificates="request",
                 trusted=(), descriptors_max=None, file_blocks_max=None, audit=None,
                 identity=(), tls=(), listener=(), operators=False, admin=False, cache=None,
                 paths=(), locality=None):
        self.folder = workshop.folder("edge")
        self.regions, self.loops, self.alpn = regions, loops, alpn
        # True, or further keys of the section `location`.
        self.client_certificates = client_certificates
        self.location = {} if location is True else location
        # Patient: a busy machine is not taken for a slow origin.
        self.timeouts = {"drain": "10s", "connect": "1s", "connect_near": "1s",
                         "try_alarm": "10s", "try_interactive": "10s", "try_chart": "10s"} | (timeouts or {})
        self.limits, self.trusted, self.audit = limits or {}, trusted, audit or {}
        # Lines of the section `identity`, and further ones of the listener and its `tls`.
        self.identity, self.tls, self.listener = list(identity), list(tls), list(listener)
        # With an admin API there are operators; `admin` may be further lines of that section.
        self.admin = [] if admin is True else admin
        # True, or the keys of the section; edges that share a folder need names of their own.
        self.operators, self.instance = operators or admin is not False, "edge-test"
        # The section `sessions`; the file of its key is made where it says.
        self.sessions = None
        # The section `cache`, and lines of `paths`.
        self.cache, self.paths = cache, list(paths)
        # The section `locality`.
        self.locality = locality
        # Patient: on a busy machine an origin of a test may be slow without being dead.
        self.health = {"interval": "200ms", "suspect_interval": "100ms", "timeout": "2s",
                       "down_interval": "100ms", "slow_start": "0s"} | (health or {})
        self.descriptors_max, self.file_blocks_max = descriptors_max, file_blocks_max
        if patients is None:
            patients = [f"p{i},{name},US-AZ,granted," for i, name in enumerate(regions, 1)]
        shutil.copytree(workshop.certificates(), self.folder / "certificates")
        self.authority = self.folder / "certificates" / "ca.pem"
        self.policy_file = self.folder / "policy.yaml"
        self.policy_file.write_text(policy or policies.transport(regions))
        self.directory_file = self.folder / "directory.csv"
        self.directory_file.write_text("\n".join([HEADER, *patients]) + "\n")
        key = self.folder / "pseudonym.key"
        key.write_text(secrets.token_hex(32))
        key.chmod(0o600)
        subprocess.run([workshop.binary(), "audit", "keys", self.folder / "signing.key"], check=True,
                       stdout=subprocess.DEVNULL)
        if location is not False:
            geo.write(self.folder / "geo.mmdb")
        if self.admin is not False:
            self.make_tokens()
        self.configuration = self.folder / "homeward.yaml"
        self.configure()
        self.log_file = self.folder / "stderr"
        self.ready_file = self.folder / "ready"
        self.process, self.port, self.admin_port = None, None, None
        self.environment = None

    def configure(self):
        """Writes the configuration file."""
        def section(name, values):
            return [f"{name}:"] + [f"  {key}: {value}" for key, value in values.items()]

        text = [f"instance: {self.instance}", f"loops: {self.loops}", "listeners:",
                "  - address: 127.0.0.1:0", *(f"    {line}" for line in self.listener),
                "    tls:", "      certificates:",
                "        - { chain: certificates/server.pem, key: certificates/server.key }",
                "      minimum: TLSv1.2"]
        if self.alpn:
            text.append(f"      alpn: [{', '.join(self.alpn)}]")
        if self.client_certificates != "none":
            text += [f"      client_certificates: {self.client_certificates}",
                     "      client_authorities: certificates/ca.pem"]
        text += [f"      {line}" for line in self.tls] + self.identity
        if self.trusted:
            text += ["trust:", f"  proxies: [{', '.join(self.trusted)}]"]
        if self.location is not False:
            text += section("location", {"database": "geo.mmdb"} | self.location)
        text += section("directory", {"file": "directory.csv"})
        text += section("policy", self.policy_section())
        if self.cache is not None:
            text += section("cache", self.cache)
        if self.paths:
            text += ["paths:"] + [f"  - {line}" for line in self.paths]
        if self.sessions is not None:
            text += section("sessions", self.sessions)
        if self.operators:
            keys = {} if self.operators is True else self.operators
            text += section("operators", {"directory": "operators"} | keys)
        if self.admin is not False:
            text += ADMIN + [f"  {line}" for line in self.admin]
        text += section(
            "audit", {"directory": "audit", "pseudonym_key": "pseudonym.key",
                      "signing_key": "signing.key"} | self.audit)
        if self.locality is not None:
            text += section("locality", self.locality)
        text += ["regions:"]
        for name, endpoints in self.regions.items():
            text += [f"  {name}:", "    endpoints:"]
            for endpoint in endpoints:
                text += endpoint.lines()
        text += section("health", self.health) + section("timeouts", self.timeouts)
        if self.limits:
            text += section("limits", self.limits)
        self.configuration.write_text("\n".join(text) + "\n")

    def make_tokens(self):
        """Tokens of an SRE, an auditor and an officer: `token` and the role."""
        lines = []
        for name, role in (("tia", "sre"), ("tom", "auditor"), ("ted", "officer")):
            token = secrets.token_hex(32)
            (self.folder / f"token-{role}").write_text(token + "\n")
            lines.append(f"{name} {role} {hashlib.sha256(token.encode()).hexdigest()}")
        (self.folder / "tokens").write_text("\n".join(lines) + "\n")

    def policy_section(self):
        """The keys of the configuration's `policy`."""
        return {"file": "policy.yaml"}

    # Life.

    def start(self, healthy=True):
        """Starts and waits until it listens and, if asked, until every endpoint is healthy."""
        self.launch()
        until(lambda: self.ready_file.exists() or self.process.poll() is not None,
              lambda: f"the edge is not ready: {self.log()}", within=20)
        assert self.process.poll() is None, f"the edge ended at its start: {self.log()}"
        ready = self.ready_file.read_text()
        self.port = int(re.search(r"listener=127\.0\.0\.1:(\d+)", ready)[1])
        admin = re.search(r"admin=127\.0\.0\.1:(\d+)", ready)
        self.admin_port = int(admin[1]) if admin else None
        if healthy:
            count = sum(map(len, self.regions.values()))
            until(lambda: len(self.endpoints("healthy")) == count,
                  lambda: f"not every endpoint became healthy: {self.log()}")
        return self

    def launch(self):
        """Starts the process and returns at once; `environment` is the process's, or our own."""
        self.ready_file.unlink(missing_ok=True)
        command = [workshop.binary(), "run", "--config", self.configuration,
                   "--ready-file", self.ready_file]
        bounds = ""
        if self.descriptors_max:
            bounds += f"ulimit -n {self.descriptors_max}; "
        if self.file_blocks_max:
            # Blocks of 512 bytes. Without the signal a write fails, as on a full disk.
            bounds += f"trap '' XFSZ; ulimit -f {self.file_blocks_max}; "
        if bounds:
            command = ["sh", "-c", bounds + 'exec "$@"', "sh"] + command
        with self.log_file.open("ab") as log:
            self.process = workshop.spawn(command, stdout=log, stderr=log, env=self.environment)

    def signal(self, number):
        """Sends a signal."""
        self.process.send_signal(number)

    def stop(self, within=15.0):
        """SIGTERM and the end; the exit status."""
        if self.process and self.process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.wait(within)

    def wait(self, within=15.0):
        """The exit status, once it has ended."""
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the edge did not end: {self.log()}") from None

    def kill(self):
        """SIGKILL."""
        workshop.kill(self.process)

    def is_alive(self):
        """Whether the process runs."""
        return self.process.poll() is None

    # Sight.

    def log(self):
        """What it wrote to its standard error so far."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def endpoints(self, wanted):
        """The names of the endpoints whose last change was to this reach."""
        state = {}
        for line in self.log().splitlines():
            match = re.search(r"endpoint=(\S+).*reach=\S+ -> (\w+)", line)
            if match:
                state[match[1]] = match[2]
        return {name for name, reach in state.items() if reach == wanted}

    def descriptor_count(self):
        """How many descriptors the process has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def resident(self, peak=False):
        """Bytes of memory in use, or the most since `forget_peak`."""
        field = "VmHWM" if peak else "VmRSS"
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) << 10

    def forget_peak(self):
        """Begins to measure the peak of memory anew."""
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def audit_text(self, *options):
        """What `homeward audit show --json` prints of this edge's records."""
        return self.audit_command("show", self.folder / "audit", "--json", *options)

    def audit_command(self, *arguments, status=0):
        """What `homeward audit` prints, to its standard error when `status` is not 0. A decision
        that is not on disk yet is waited for."""
        def run():
            return subprocess.run(
                [workshop.binary(), "audit", *map(str, arguments)], capture_output=True,
                text=True, stdin=subprocess.DEVNULL, env=self.environment)

        def there():
            found = run()
            return None if "holds no decision" in found.stderr else found
        result = until(there, "the decision") if status == 0 else run()
        assert result.returncode == status, f"{result.returncode}: {result.stderr}"
        return result.stdout if status == 0 else result.stderr

    def log_folder(self):
        """The folder of the newest log."""
        return max(path for path in (self.folder / "audit").iterdir() if path.name.count(".") >= 2)


def reports(folder):
    """What each edge of a folder of operators reports, the newest last."""
    paths = [path for path in (folder / "reports").glob("*") if path.suffix != ".new"]
    return [path.read_text() for path in sorted(paths, key=lambda path: path.stat().st_mtime)]


def reported(folder):
    """The newest report of an edge in a folder of operators; empty when there is none."""
    return (reports(folder) or [""])[-1]


def check(configuration):
    """`homeward check`: exit status and complaints."""
    result = subprocess.run(
        [workshop.binary(), "check", "--config", configuration], capture_output=True, text=True,
        stdin=subprocess.DEVNULL)
    return result.returncode, result.stderr
