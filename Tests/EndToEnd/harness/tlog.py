"""Another program's view of exported logs and of proofs: `fixtures/audit/verify.py`."""

import base64
import importlib.util
import pathlib

_FILE = pathlib.Path(__file__).resolve().parents[3] / "fixtures" / "audit" / "verify.py"
_SPEC = importlib.util.spec_from_file_location("verify", _FILE)
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)
checkpoint, leaf, node, verify = (
    _MODULE.checkpoint, _MODULE.leaf, _MODULE.node, _MODULE.verify)


def check_proof(text, public_key):
    """The entry of a proof (c2sp.org/tlog-proof@v1) and its index, or raises."""
    head, _, note = text.partition("\n\n")
    magic, extra, index, *path = head.split("\n")
    entry, index = base64.b64decode(extra.removeprefix("extra ")), int(index.removeprefix("index "))
    _, size, claimed = checkpoint(note, public_key)
    value, number, last = leaf(entry), index, size - 1
    for sibling in map(base64.b64decode, path):
        if number & 1 or number == last:
            value = node(sibling, value)
            while number and not number & 1:
                number, last = number >> 1, last >> 1
        else:
            value = node(value, sibling)
        number, last = number >> 1, last >> 1
    if magic != "c2sp.org/tlog-proof@v1" or last or value != claimed:
        raise ValueError("the entry is not in the signed tree")
    return entry, index
