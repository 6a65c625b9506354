"""Writes a small MaxMind database, so that loopback addresses have a country and a state."""

import ipaddress

#: Which loopback networks lie where; others are nowhere.
PLACES = {
    "127.0.0.0/24": ("US", "AZ"),
    "127.0.1.0/24": ("US", "NY"),
    "127.0.2.0/24": ("DE", None),
    "127.0.3.0/24": ("US", "TX"),
    "127.0.4.0/24": ("US", "CA"),
}
#: A client's address in each place.
ARIZONA, NEW_YORK, GERMANY, NOWHERE = "127.0.0.1", "127.0.1.1", "127.0.2.1", "127.0.9.1"
TEXAS, CALIFORNIA = "127.0.3.1", "127.0.4.1"

_MARKER = b"\xab\xcd\xefMaxMind.com"
#: The format's unsigned integers, by their type numbers.
_UINT16, _UINT32, _UINT64 = 5, 6, 9


def _encoded(value):
    """One value of the format's data section."""
    if isinstance(value, str):
        data = value.encode()
        return bytes([2 << 5 | len(data)]) + data
    if isinstance(value, tuple):
        kind, number = value
        data = number.to_bytes(8, "big").lstrip(b"\0")
        return (bytes([kind << 5 | len(data)]) if kind < 8 else bytes([len(data), kind - 7])) + data
    if isinstance(value, list):
        return bytes([len(value), 11 - 7]) + b"".join(map(_encoded, value))
    items = b"".join(_encoded(key) + _encoded(item) for key, item in value.items())
    return bytes([7 << 5 | len(value)]) + items


def write(path):
    """Writes `PLACES` as an IPv4 database of 24-bit records."""
    nodes = [[None, None]]
    data = b""
    for text, (country, state) in PLACES.items():
        network = ipaddress.ip_network(text)
        record = {"country": {"iso_code": country}}
        if state:
            record["subdivisions"] = [{"iso_code": state}]
        address, node = int(network.network_address), 0
        for depth in range(network.prefixlen):
            bit = address >> (31 - depth) & 1
            if depth == network.prefixlen - 1:
                nodes[node][bit] = ("data", len(data))
            elif nodes[node][bit] is None:
                nodes.append([None, None])
                nodes[node][bit] = len(nodes) - 1
            node = nodes[node][bit]
        data += _encoded(record)
    count = len(nodes)

    def number(record):
        if record is None:
            return count
        return count + 16 + record[1] if isinstance(record, tuple) else record

    tree = b"".join(number(r).to_bytes(3, "big") for node in nodes for r in node)
    metadata = _encoded({
        "node_count": (_UINT32, count), "record_size": (_UINT16, 24), "ip_version": (_UINT16, 4),
        "database_type": "Homeward-Test", "languages": [], "description": {},
        "binary_format_major_version": (_UINT16, 2), "binary_format_minor_version": (_UINT16, 0),
        "build_epoch": (_UINT64, 1)})
    path.write_bytes(tree + bytes(16) + data + _MARKER + metadata)
