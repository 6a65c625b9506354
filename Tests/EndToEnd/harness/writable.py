"""Scripted origins that take writes in epochs, and clients that write without pause."""

import json
import threading
import time

from . import h1
from .case import operation
from .origin import Origin


class Writable(Origin):
    """An endpoint with a log: `$note-N` adds N, `$notes` tells all. As an honest server, it takes
    writes as a primary only, and refuses an epoch below the highest that it has seen."""

    def __init__(self, region, name, role="primary", epoch=1, home=None):
        self.epoch, self.log, self.pause = epoch, [], 0.0
        #: Another region, of whose data the log is: of its own it is the primary all the time.
        self.home = home
        if home:
            role = "replica"
        #: Who is asked for the log's entries; a list, so that it can be another one later.
        super().__init__(region, name, role)

    def become(self, role, epoch, log=None):
        """Another role, in an epoch."""
        with self.lock:
            self.role, self.epoch = role, epoch
            if log is not None:
                self.log = list(log)

    def count(self):
        """The log's position."""
        with self.lock:
            return len(self.log)

    def entries(self):
        """A copy of the log."""
        with self.lock:
            return list(self.log)

    def _answer(self, connection, request, status, body, kind="text/plain", fields=()):
        extra = (("EHR-Position", self.count()), ("EHR-Epoch", self.epoch))
        super()._answer(connection, request, status, body, kind, (*fields, *extra))

    def _do_note(self, connection, request, reader, number):
        """Adds a number to the log."""
        self._receive(request, reader)
        if self.pause:
            time.sleep(self.pause)
        told = request.header("ehr-epoch")
        with self.lock:
            if self.role != "primary":
                status = 405
            elif told is not None and int(told) < self.epoch:
                status = 412
            else:
                self.epoch = max(self.epoch, int(told or 0))
                self.log.append(number)
                status = 200
        self._answer(connection, request, status, b"noted" if status == 200 else b"refused")

    def _do_notes(self, connection, request, reader):
        """The log."""
        self._receive(request, reader)
        self._answer(connection, request, 200, json.dumps(self.entries()).encode())

    def _report(self):
        with self.lock:
            about = {"role": self.role, "epoch": self.epoch, "position": len(self.log),
                     "lag_ms": self.lag_milliseconds}
            if self.home:
                about = {"role": "primary", "epoch": 1, "position": 0, "lag_ms": 0,
                         "homes": {self.home: about}}
            return json.dumps({"region": self.region, "name": self.name, "status": "ok"}
                              | about).encode()


class Writer:
    """Writes numbers through an edge without pause, and remembers how each went."""

    def __init__(self, edge, first=1, patient="p1"):
        self.edge, self.patient = edge, patient
        #: (number, status or None, seconds, the answer), in order.
        self.results = []
        self.is_over = False
        self.thread = threading.Thread(target=self._run, args=(first,), daemon=True)
        self.thread.start()

    def _run(self, number):
        with h1.Connection(self.edge.port) as client:
            while not self.is_over:
                began = time.monotonic()
                client.request("POST", operation(f"note-{number}", self.patient))
                try:
                    answer = client.response("POST", within=30)
                except OSError as error:
                    self.results.append((number, None, time.monotonic() - began, error))
                    return
                self.results.append((number, answer.status, time.monotonic() - began, answer))
                number += 1

    def stop(self):
        """Ends it and gives the results."""
        self.is_over = True
        self.thread.join(30)
        return self.results

    @property
    def acknowledged(self):
        """The numbers that were answered with 200."""
        return [number for number, status, *_ in list(self.results) if status == 200]
