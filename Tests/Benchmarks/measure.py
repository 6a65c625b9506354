"""CPU per request of servers under the same load, in turns: what the benchmarks here share."""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))
sys.dont_write_bytecode = True

TICKS = os.sysconf("SC_CLK_TCK")


def parse(description):
    """The options of every benchmark; makes the binary known to the harness."""
    parser = argparse.ArgumentParser(description=description.split("\n")[0])
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / ".build/release/homeward")
    parser.add_argument("--requests", type=int, default=100_000, help="requests a round")
    parser.add_argument("--rounds", type=int, default=6)
    arguments = parser.parse_args()
    os.environ["HOMEWARD_BINARY"] = str(arguments.binary.resolve())
    os.environ["PATH"] += ":/usr/sbin"
    return arguments


class Server:
    """A server under measurement: a name, its process and an address with a path."""

    def __init__(self, name, process, url, headers=()):
        self.name, self.url, self.headers = name, url, headers
        self.pids = [process.pid, *children(process.pid)]
        self.figures = []

    def seconds(self):
        """CPU seconds of all its threads so far, user and system."""
        total = 0
        for pid in self.pids:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def load(self, count, clients=16):
        """Sends requests over connections with 32 streams each; microseconds of CPU for each."""
        before = self.seconds()
        headers = [word for name, value in self.headers for word in ("-H", f"{name}: {value}")]
        result = subprocess.run(
            ["h2load", "-n", str(count), "-c", str(clients), "-m", "32", *headers, self.url],
            capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
        spent = self.seconds() - before
        if f"{count} succeeded, 0 failed" not in result.stdout:
            sys.exit(f"{self.name} failed: {result.stdout}")
        return spent * 1e6 / count


def children(pid):
    """The processes that a process started."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            if path.read_text().rpartition(")")[2].split()[1] == str(pid):
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


def compare(arguments, ours, *peers):
    """Measures servers in turns and prints rounds, means, and how `ours` compares with each peer."""
    servers = (ours, *peers)
    for server in servers:
        # One request first: a cold cache has 512 misses otherwise.
        server.load(1, clients=1)
        server.load(max(1000, arguments.requests // 10))
    print(f"{'us of CPU a request':<22} {ours.name:>10}"
          + "".join(f"  {peer.name:>18}  ratio" for peer in peers))

    def row(title, figures, ratios):
        print(f"{title:<22} {figures[0]:10.1f}" + "".join(
            f"  {figure:18.1f}  {ratio:5.2f}"
            for figure, ratio in zip(figures[1:], ratios)), flush=True)

    for number in range(1, arguments.rounds + 1):
        for server in servers:
            server.figures.append(server.load(arguments.requests))
        latest = [server.figures[-1] for server in servers]
        row(f"round {number:2}", latest, [latest[0] / figure for figure in latest[1:]])
    means = [statistics.mean(server.figures) for server in servers]
    row("mean", means, [means[0] / mean for mean in means[1:]])
    medians = [statistics.median(server.figures) for server in servers]
    row("median", medians, [
        statistics.median(a / b for a, b in zip(ours.figures, peer.figures)) for peer in peers])
