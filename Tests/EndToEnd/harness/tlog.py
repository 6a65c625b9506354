"""A second verifier of exported logs, after C2SP's specifications alone: it shares no code with the
program under test. Only the signature is left to `openssl`."""

import base64
import hashlib
import pathlib
import subprocess
import tempfile

WIDTH = 256


def leaf(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root(hashes):
    """The root over leaf hashes, by the definition of RFC 6962."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return node(root(hashes[:split]), root(hashes[split:]))


def tile_path(kind, number, width):
    """`tile/<L>/<N>[.p/<W>]`"""
    parts = [f"{number % 1000:03}"]
    while number := number // 1000:
        parts.insert(0, f"x{number % 1000:03}")
    return f"tile/{kind}/" + "/".join(parts) + (f".p/{width}" if width < WIDTH else "")


def signed(note, public_key):
    """The text of a note when one of its signatures is the key's; an error otherwise."""
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    origin = text.split("\n")[0]
    pem = pathlib.Path(public_key).read_text()
    raw = base64.b64decode("".join(pem.splitlines()[1:-1]))[-32:]
    key_id = hashlib.sha256(origin.encode() + b"\n\x01" + raw).digest()[:4]
    for line in lines.splitlines():
        dash, name, value = line.split(" ")
        blob = base64.b64decode(value)
        if dash != "\u2014" or name != origin or blob[:4] != key_id:
            continue
        with tempfile.TemporaryDirectory() as folder:
            message, signature = pathlib.Path(folder, "m"), pathlib.Path(folder, "s")
            message.write_bytes(text.encode())
            signature.write_bytes(blob[4:])
            subprocess.run(
                ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public_key, "-rawin",
                 "-in", message, "-sigfile", signature], check=True, capture_output=True)
        return text
    raise ValueError("no signature of that key")


def checkpoint(note, public_key):
    """Origin, size and root of a checkpoint that the key signed."""
    origin, size, value, *_ = signed(note, public_key).split("\n")
    return origin, int(size), base64.b64decode(value)


def verify(folder, public_key):
    """Recomputes an exported tree from its entries; the entries, when all fits."""
    folder = pathlib.Path(folder)
    _, size, claimed = checkpoint((folder / "checkpoint").read_text(), public_key)
    entries = []
    for first in range(0, size, WIDTH):
        width = min(WIDTH, size - first)
        data = (folder / tile_path("entries", first // WIDTH, width)).read_bytes()
        for _ in range(width):
            length = int.from_bytes(data[:2], "big")
            entries.append(data[2:2 + length])
            data = data[2 + length:]
        if data:
            raise ValueError("a bundle is too long")
    hashes = [leaf(entry) for entry in entries]
    if root(hashes) != claimed:
        raise ValueError("the root is not that of the entries")
    level, row = 0, hashes
    while row:
        for first in range(0, len(row), WIDTH):
            tile = row[first:first + WIDTH]
            path = folder / tile_path(level, first // WIDTH, len(tile))
            if path.read_bytes() != b"".join(tile):
                raise ValueError(f"{path} is not that of the entries")
        row = [root(row[i:i + WIDTH]) for i in range(0, len(row) // WIDTH * WIDTH, WIDTH)]
        level += 1
    return entries


def check_proof(text, public_key):
    """The entry of a proof (c2sp.org/tlog-proof@v1) and its index, when the proof holds."""
    head, _, note = text.partition("\n\n")
    magic, extra, index, *path = head.split("\n")
    if magic != "c2sp.org/tlog-proof@v1":
        raise ValueError("no proof")
    entry, index = base64.b64decode(extra.removeprefix("extra ")), int(index.removeprefix("index "))
    _, size, claimed = checkpoint(note, public_key)
    value, number, last = leaf(entry), index, size - 1
    for sibling in map(base64.b64decode, path):
        if number & 1 or number == last:
            value = node(sibling, value)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            value = node(value, sibling)
        number, last = number >> 1, last >> 1
    if last or value != claimed:
        raise ValueError("the entry is not in the tree")
    return entry, index
