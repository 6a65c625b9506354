"""Origins that others wrote: nginx and nghttpx, and scripted ones in processes of their own."""

import json
import os
import signal
import subprocess
import sys

from . import content, workshop
from .waiting import until

#: The name in the origins' certificates.
SERVER_NAME = "origin.homeward.example"


class Program:
    """A server in a process of its own; `port` is where it listens on 127.0.0.1."""

    def _start(self, make_command, folder, **options):
        """Starts it on a free port, on another one if somebody was faster."""
        self.log = folder / "log"
        for _ in range(5):
            self.port = workshop.free_port()
            with self.log.open("ab") as log:
                self.process = workshop.spawn(
                    make_command(self.port), stdout=log, stderr=log, **options)
            until(lambda: self.process.poll() is not None or workshop.accepts(self.port),
                  lambda: f"{type(self).__name__} does not listen: {self.log.read_text()}")
            if self.process.poll() is None:
                return
        raise AssertionError(f"{type(self).__name__} does not start: {self.log.read_text()}")

    def kill(self):
        """Ends it at once."""
        workshop.kill(self.process)


def report(region, name, role="primary"):
    """A health report as an origin gives it."""
    return json.dumps({"region": region, "name": name, "role": role, "epoch": 1, "position": 1,
                       "lag_ms": 0, "status": "ok"})


class Nginx(Program):
    """nginx: keep-alive HTTP/1.1 with files of 1 kB, 1 MB and 70 MB; the rest goes to an origin."""

    def __init__(self, region, behind=None, tls=True):
        self.region, self.name = region, f"{region}-1"
        folder = workshop.folder("nginx")
        files = folder / "root" / "fhir" / "DocumentReference"
        files.mkdir(parents=True)
        for size in (1024, content.MEGABYTE, content.LARGE):
            for patient in ("p2", "p1001"):
                target = files / f"{patient}.bytes-{size}"
                if patient == "p2":
                    target.write_bytes(content.body(size))
                else:
                    os.link(files / f"p2.bytes-{size}", target)
        self.folder = folder
        self._behind, self._tls = behind, tls
        self._start(self._command, folder)

    def _command(self, port):
        certificates = workshop.certificates()
        tls = "" if not self._tls else f"""
      ssl_certificate {certificates}/origin.pem; ssl_certificate_key {certificates}/origin.key;
      ssl_protocols TLSv1.3;"""
        sink = "return 404;" if not self._behind else f"""
        proxy_pass http://127.0.0.1:{self._behind.port};
        proxy_http_version 1.1; proxy_set_header Connection ""; proxy_request_buffering off;
        proxy_buffering off;"""
        (self.folder / "nginx.conf").write_text(f"""
{"user root;" if os.geteuid() == 0 else ""}
daemon off; master_process on; worker_processes 1; pid {self.folder}/pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000; keepalive_timeout 60s; sendfile on; tcp_nopush on;
  open_file_cache max=100; client_max_body_size 100m; large_client_header_buffers 4 64k;
  client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy;
  fastcgi_temp_path {self.folder}/f; uwsgi_temp_path {self.folder}/u;
  scgi_temp_path {self.folder}/s;
  server {{
    listen 127.0.0.1:{port}{" ssl" if self._tls else ""};{tls}
    root {self.folder}/root; default_type application/octet-stream;
    location = /health {{
      default_type application/json; return 200 '{report(self.region, self.name)}';
    }}
    location / {{
      if ($request_method !~ ^(GET|HEAD)$) {{ return 418; }}
      error_page 418 = @sink; error_page 404 = @sink;
    }}
    location @sink {{ {sink} }}
  }}
}}
""")
        return ["nginx", "-p", self.folder, "-e", "stderr", "-c", self.folder / "nginx.conf"]


class Nghttpx(Program):
    """nghttpx: HTTP/2 in front of a scripted origin, whose region and name it bears.

    With TLS it demands a client certificate of the run's authority.
    """

    def __init__(self, behind, tls=True):
        self.region, self.name = behind.region, behind.name
        folder = workshop.folder("nghttpx")
        certificates = workshop.certificates()

        def command(port):
            words = ["nghttpx", "--conf=/dev/null", "--workers=1", "--no-via", "--accesslog-file=",
                     f"--backend=127.0.0.1,{behind.port}", "--backend-keep-alive-timeout=30s",
                     "--no-server-rewrite", "--add-x-forwarded-for"]
            if tls:
                words += [f"--frontend=127.0.0.1,{port}", "--verify-client",
                          f"--verify-client-cacert={certificates}/ca.pem",
                          f"{certificates}/origin.key", f"{certificates}/origin.pem"]
            else:
                words += [f"--frontend=127.0.0.1,{port};no-tls"]
            return words

        self._start(command, folder)


class Process(Program):
    """A scripted origin in a process that can be killed or stopped."""

    def __init__(self, region, name, role, homes=()):
        self.region, self.name, self.role = region, name, role
        script = workshop.ROOT / "Tests" / "EndToEnd" / "harness" / "origin.py"
        self.process = workshop.spawn(
            [sys.executable, script, region, name, role, *homes], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def freeze(self):
        """Makes it a black hole: the kernel still accepts, nobody answers."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        """Lets it go on."""
        os.kill(self.process.pid, signal.SIGCONT)
