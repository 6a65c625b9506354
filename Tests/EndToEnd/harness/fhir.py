"""FHIR bodies for requests, and answers of a scripted origin with labels in them."""

import gzip
import json

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
JSON, FORM = "application/fhir+json", "application/x-www-form-urlencoded"
#: The label of reproductive health.
SEX = {"security": [{"system": ACT_CODE, "code": "SEX"},
                    {"system": CONFIDENTIALITY, "code": "R"}]}


def resource(kind, patient, **more):
    """A resource that belongs to a patient."""
    return {"resourceType": kind, "subject": {"reference": f"Patient/{patient}"}} | more


def encoded(value):
    """The bytes of JSON."""
    return json.dumps(value).encode()


def scan(patient, count, behind=None):
    """A DocumentReference of `count` bytes and a little more, its scan behind its subject."""
    head = encoded(resource("DocumentReference", patient))[:-1]
    tail = b'"}}]' + (b"," + encoded(behind)[1:] if behind else b"}")
    return head + b',"content":[{"attachment":{"data":"' + b"QUJD" * (count // 4) + tail


def bundle(kind, *entries):
    """A batch or transaction of (method, url, resource or None)."""
    return {"resourceType": "Bundle", "type": kind, "entry": [
        {"request": {"method": method, "url": url}} | ({"resource": item} if item else {})
        for method, url, item in entries]}


class Answers:
    """Behaviours whose answers are FHIR; a part of `Behaviours`."""

    def _fhir(self, connection, request, reader, body, fields=(), kind=JSON):
        self._receive(request, reader)
        self._answer(connection, request, 200, body, kind, fields)

    def _do_plain(self, connection, request, reader):
        """A problem without a label."""
        self._fhir(connection, request, reader, encoded(resource("Condition", "x", id="plain")))

    def _do_labelled(self, connection, request, reader):
        """A problem that is labelled as reproductive health."""
        body = encoded(resource("Condition", "x", meta=SEX, note="a secret"))
        self._fhir(connection, request, reader, body)

    def _do_broken(self, connection, request, reader):
        """A body that is no JSON, though it says so."""
        self._fhir(connection, request, reader, b'{"resourceType":"Condition",}')

    def _do_xml(self, connection, request, reader):
        """A label where nobody looks."""
        self._fhir(connection, request, reader, b"<Condition/>", kind="application/fhir+xml")

    def _do_gzip(self, connection, request, reader):
        """A coded answer, whoever asked."""
        body = gzip.compress(encoded(resource("Condition", "x")))
        self._fhir(connection, request, reader, body, [("Content-Encoding", "gzip")])

    def _do_bundle(self, connection, request, reader, count, label=0):
        """A Bundle of about so many bytes; the last entry is labelled if `label` is not 0."""
        self._receive(request, reader)
        self._head(connection, 200, [
            ("Content-Type", JSON), ("Transfer-Encoding", "chunked")])
        entry = encoded({"resource": resource("Condition", "x", text="u" * 2_000)}) + b","
        last = encoded({"resource": resource("Condition", "x", meta=SEX if label else {})})
        parts = [b'{"resourceType":"Bundle","type":"searchset","entry":[',
                 *[entry * 32] * (count // (32 * len(entry))), last + b"]}"]
        for part in parts:
            self._send(connection, request, b"%x\r\n%b\r\n" % (len(part), part))
        connection.sendall(b"0\r\n\r\n")
