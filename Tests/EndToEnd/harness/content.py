"""Bodies that both sides can name by their size alone."""

import functools
import hashlib

MEGABYTE = 1 << 20
#: A scanned DocumentReference, the largest thing that an EHR sends every day.
LARGE = 70 * MEGABYTE


@functools.lru_cache(maxsize=4)
def body(count):
    """`count` bytes that look random and are the same in every process."""
    return hashlib.shake_128(b"homeward %d" % count).digest(count)


@functools.lru_cache(maxsize=64)
def sha256_of(count):
    """The SHA-256 of `body(count)`, hexadecimal."""
    return hashlib.sha256(body(count)).hexdigest()


def sha256(data):
    """The SHA-256 of bytes, hexadecimal."""
    return hashlib.sha256(data).hexdigest()
