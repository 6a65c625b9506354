"""Header compression for HTTP/2 (RFC 7541): a literal-only encoder and a whole decoder."""

_STATIC = [tuple(line.split("|")) for line in """\
:authority|
:method|GET
:method|POST
:path|/
:path|/index.html
:scheme|http
:scheme|https
:status|200
:status|204
:status|206
:status|304
:status|400
:status|404
:status|500
accept-charset|
accept-encoding|gzip, deflate
accept-language|
accept-ranges|
accept|
access-control-allow-origin|
age|
allow|
authorization|
cache-control|
content-disposition|
content-encoding|
content-language|
content-length|
content-location|
content-range|
content-type|
cookie|
date|
etag|
expect|
expires|
from|
host|
if-match|
if-modified-since|
if-none-match|
if-range|
if-unmodified-since|
last-modified|
link|
location|
max-forwards|
proxy-authenticate|
proxy-authorization|
range|
referer|
refresh|
retry-after|
server|
set-cookie|
strict-transport-security|
transfer-encoding|
user-agent|
vary|
via|
www-authenticate|""".split("\n")]

#: Lengths of the Huffman codes by symbol (RFC 7541 appendix B); the code is canonical, so that the
#: lengths give the codes.
_LENGTHS = [int(word) for word in """
13 23 28 28 28 28 28 28 28 24 30 28 28 30 28 28 28 28 28 28 28 28 30 28 28 28 28 28 28 28 28 28
6 10 10 12 13 6 8 11 10 10 8 11 8 6 6 6 5 5 5 6 6 6 6 6 6 6 7 8 15 6 12 10
13 6 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 8 7 8 13 19 13 14 6
15 5 6 5 6 5 6 6 6 5 7 7 6 6 6 5 6 7 6 5 5 6 7 7 7 7 7 15 11 14 13 28
20 22 20 20 22 22 22 23 22 23 23 23 23 23 24 23 24 24 22 23 24 23 23 23 23 21 22 23 22 23 23 24
22 21 20 22 22 23 23 21 23 22 22 24 21 22 23 23 21 21 22 21 23 22 23 23 20 22 22 22 23 22 22 23
26 26 20 19 22 23 22 25 26 26 26 27 27 26 24 25 19 21 26 27 27 26 27 24 21 21 26 26 28 27 27 27
20 24 20 21 22 21 21 23 22 22 25 25 24 24 26 23 26 27 26 26 27 27 27 27 27 28 27 27 27 27 27 26
30""".split()]


def _codes():
    """Symbols by code length and code."""
    table, code, length = {}, 0, 0
    for bits, symbol in sorted((bits, symbol) for symbol, bits in enumerate(_LENGTHS)):
        code <<= bits - length
        length = bits
        table[bits, code] = symbol
        code += 1
    return table


_SYMBOLS = _codes()


def _huffman(data):
    """Decodes Huffman-coded bytes."""
    text, code, length = bytearray(), 0, 0
    for byte in data:
        for shift in range(7, -1, -1):
            code = code << 1 | byte >> shift & 1
            length += 1
            symbol = _SYMBOLS.get((length, code))
            if symbol is not None:
                text.append(symbol)
                code = length = 0
    return bytes(text)


def _integer(value, prefix, flags):
    """An integer in a prefix of bits."""
    limit = (1 << prefix) - 1
    if value < limit:
        return bytes([flags | value])
    coded, value = [flags | limit], value - limit
    while value >= 128:
        coded.append(value & 127 | 128)
        value >>= 7
    return bytes(coded + [value])


def encode(fields):
    """Fields as literals without indexing: the decoder's state does not change."""
    block = b""
    for name, value in fields:
        name, value = (x if isinstance(x, bytes) else x.encode("latin-1") for x in (name, value))
        block += b"\0" + _integer(len(name), 7, 0) + name + _integer(len(value), 7, 0) + value
    return block


class Decoder:
    """One connection's decoding state."""

    def __init__(self):
        self._dynamic = []
        self._size_max = 4096

    def decode(self, block):
        """The fields of one header block."""
        self._block, self._at, fields = block, 0, []
        while self._at < len(block):
            first = block[self._at]
            if first & 0x80:
                fields.append(self._entry(self._number(7)))
            elif first & 0x40:
                fields.append(self._literal(6))
                self._dynamic.insert(0, fields[-1])
                self._evict()
            elif first & 0x20:
                self._size_max = self._number(5)
                self._evict()
            else:
                fields.append(self._literal(4))
        return fields

    def _number(self, prefix):
        limit = (1 << prefix) - 1
        value = self._block[self._at] & limit
        self._at += 1
        shift = 0
        while value >= limit:
            byte = self._block[self._at]
            self._at += 1
            value += (byte & 127) << shift
            shift += 7
            if not byte & 128:
                break
        return value

    def _text(self):
        is_huffman = self._block[self._at] & 0x80
        count = self._number(7)
        data = self._block[self._at:self._at + count]
        self._at += count
        return (_huffman(data) if is_huffman else bytes(data)).decode("latin-1")

    def _literal(self, prefix):
        index = self._number(prefix)
        name = self._entry(index)[0] if index else self._text()
        return name, self._text()

    def _entry(self, index):
        if index <= len(_STATIC):
            return _STATIC[index - 1]
        return self._dynamic[index - len(_STATIC) - 1]

    def _evict(self):
        while sum(len(n) + len(v) + 32 for n, v in self._dynamic) > self._size_max:
            self._dynamic.pop()
