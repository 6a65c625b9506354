"""The demo's servers as origins: real replication, and roles that change while they run."""

import http.client
import json
import ssl
import threading
import time
import urllib.error
import urllib.request

from . import workshop
from .waiting import until


class Server:
    """One endpoint of fixture-region; `peers` are the servers that it follows while one is primary."""

    def __init__(self, region, name, role, port, peers):
        self.region, self.name, self.role, self.port, self.peers = region, name, role, port, peers
        self.process = None
        self.start()

    def start(self, epoch=1, role=None):
        """Starts it; a server that begins anew has an empty log."""
        ready = workshop.folder("ready") / self.name
        command = [workshop.binary().parent / "fixture-region", "--region", self.region,
                   "--name", self.name, "--role", role or self.role, "--port", self.port,
                   "--epoch", epoch, "--patients", 12, "--ready-file", ready]
        for port in self.peers:
            command += ["--replicate-from", f"http://127.0.0.1:{port}"]
        self.process = workshop.spawn(command)
        until(ready.exists, f"{self.name} to listen", within=20)

    def kill(self):
        """Ends it at once."""
        workshop.kill(self.process)

    def ask(self, path, body=None):
        """What it answers: JSON."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=data)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def has(self, reference):
        """Whether it has a resource."""
        try:
            self.ask(f"/fhir/{reference}")
            return True
        except urllib.error.HTTPError as error:
            assert error.code == 404, error
            return False

    def knows_lag(self):
        """Whether it has compared itself with its primary; a busy machine may need a while."""
        try:
            return self.health["lag_ms"] is not None
        except OSError:
            return False

    @property
    def health(self):
        """Its report."""
        return self.ask("/health")


def regions(*names, replicas=2):
    """Servers by region, the primary first; every server knows all others."""
    plan = [(region, f"{region}-{number}", "replica" if number > 1 else "primary",
             workshop.free_port()) for region in names for number in range(1, replicas + 2)]
    servers = [Server(*entry, [port for *_, port in plan if port != entry[3]]) for entry in plan]
    for server in servers:
        until(server.knows_lag, f"{server.name} to know its lag", within=30)
    return {name: [s for s in servers if s.region == name] for name in names}


class Canaries:
    """Writes visits of a patient without pause, and remembers how each went."""

    def __init__(self, edge, patient="p1001", threads=2):
        self.edge, self.patient = edge, patient
        #: (status or None, reference or None, seconds, begin).
        self.results, self.lock, self.is_over = [], threading.Lock(), False
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def _run(self):
        context = ssl.create_default_context(cafile=self.edge.authority)
        body = json.dumps({"resourceType": "Encounter", "status": "planned",
                           "subject": {"reference": f"Patient/{self.patient}"}})
        client = None
        while not self.is_over:
            began = time.monotonic()
            status, reference = None, None
            try:
                if client is None:
                    client = http.client.HTTPSConnection(
                        "127.0.0.1", self.edge.port, timeout=30, context=context)
                client.request("POST", f"/fhir/Encounter?patient={self.patient}", body,
                               {"content-type": "application/fhir+json"})
                answer = client.getresponse()
                text = answer.read()
                status = answer.status
                if status == 201:
                    reference = f"Encounter/{json.loads(text)['id']}"
            except OSError:
                client = None
            with self.lock:
                self.results.append((status, reference, time.monotonic() - began, began))
            time.sleep(0.01)

    def wait(self, count):
        """Waits for so many more answers."""
        target = len(self.results) + count
        until(lambda: len(self.results) >= target, lambda: self.results[-5:], within=30)

    def stop(self):
        """Ends it and gives the results."""
        self.is_over = True
        for thread in self.threads:
            thread.join(30)
        return self.results

    @property
    def acknowledged(self):
        """References of what was answered with 201."""
        with self.lock:
            return [reference for _, reference, *_ in self.results if reference]
