"""What all tests of one run share: a temporary folder, certificates, programs and their ends."""

import atexit
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

#: The top of the checkout.
ROOT = pathlib.Path(__file__).resolve().parents[3]
#: Everything that a run writes lies here and is gone afterwards.
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="homeward-e2e-"))

_living = []


def binary():
    """The edge under test, as `run` found it."""
    return pathlib.Path(os.environ["HOMEWARD_BINARY"])


def folder(name):
    """A new folder for one purpose."""
    return pathlib.Path(tempfile.mkdtemp(prefix=name + "-", dir=FOLDER))


_certificates = None


def certificates():
    """The folder of the run's certificates, made at first use by deploy/certificates."""
    global _certificates
    if _certificates is None:
        _certificates = make_certificates()
    return _certificates


def make_certificates():
    """A new folder of certificates that nobody trusted before."""
    path = folder("certificates")
    subprocess.run([ROOT / "deploy" / "certificates", path], check=True, stdin=subprocess.DEVNULL)
    return path


def spawn(command, **options):
    """Starts a program that is killed at the latest when the run ends."""
    process = subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.DEVNULL, start_new_session=True,
        **options)
    _living.append(process)
    return process


def kill(process):
    """Kills a program that `spawn` started, and its children; harmless when it is gone."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()


def free_port():
    """A port that was free a moment ago, for programs that cannot tell which one they took."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts(port):
    """Whether somebody accepts connections on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@atexit.register
def _clean():
    for process in _living:
        kill(process)
    if os.environ.get("HOMEWARD_E2E_KEEP"):
        print(f"kept: {FOLDER}")
    else:
        shutil.rmtree(FOLDER, ignore_errors=True)
