"""A client of the admin API, independent of the edge's own; every answer is held to its
description."""

import http.client
import json
import ssl

from . import openapi

#: Seconds for an answer.
PATIENCE = 10


class Reply:
    """One answer."""

    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    @property
    def json(self):
        """The document."""
        return json.loads(self.body)

    @property
    def code(self):
        """The stable word of a problem."""
        return self.json["title"]

    def __repr__(self):
        return f"<{self.status} {self.body[:400]!r}>"


def tls(edge, certificate=None):
    """A TLS context that trusts the edge, and shows one of the run's certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(edge.authority)
    if certificate:
        pair = edge.folder / "certificates" / certificate
        context.load_cert_chain(f"{pair}.pem", f"{pair}.key")
    return context


def fields(edge, token=None, more=None):
    """Fields of a request; `token` is a role, or `=` and the token itself."""
    result = dict(more or {})
    if token:
        text = token[1:] if token.startswith("=") else (
            edge.folder / f"token-{token}").read_text().strip()
        result["Authorization"] = f"Bearer {text}"
    return result


def ask(edge, method, target, body=None, certificate=None, token=None, headers=None):
    """One request on a connection of its own. Without proof named, an SRE's token is shown; ""
    shows none."""
    if certificate is None and token is None:
        token = "sre"
    connection = http.client.HTTPSConnection(
        "127.0.0.1", edge.admin_port, timeout=PATIENCE, context=tls(edge, certificate))
    headers = fields(edge, token, headers)
    if isinstance(body, dict):
        body = json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json")
    try:
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        reply = Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()
    kind = reply.fields.get("content-type", "")
    openapi.check_answer(method, target, reply.status, kind, reply.body)
    return reply


class Events:
    """A client that follows events."""

    def __init__(self, edge, last=None, token="sre"):
        self.connection = http.client.HTTPSConnection(
            "127.0.0.1", edge.admin_port, timeout=PATIENCE, context=tls(edge))
        self.connection.request(
            "GET", "/v1/events", headers=fields(
                edge, token, {"Last-Event-ID": last} if last else None))
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.status
        assert self.answer.headers["Content-Type"] == "text/event-stream"

    def next(self):
        """The next event: its id, kind and data. Comments are passed over."""
        event = {}
        while True:
            line = self.answer.readline().decode()
            assert line.endswith("\n"), f"the stream ended: {line!r}"
            name, _, value = line.rstrip("\n").partition(":")
            if name:
                event[name] = value.strip()
            elif not line.strip() and "event" in event:
                openapi.check_event(event["event"], event["data"])
                return event.get("id"), event["event"], json.loads(event["data"])

    def close(self):
        """Goes away."""
        self.connection.close()
