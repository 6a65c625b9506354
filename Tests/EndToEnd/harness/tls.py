"""TLS sockets to the edge."""

import socket
import ssl

from . import workshop


def connect(port, alpn=("h2",), source=None, certificate=None, authority=None, timeout=10.0,
            receive_buffer=None, preamble=()):
    """A TLS connection to the edge; `certificate` names a pair of the run's certificates. The bytes
    of `preamble`, or its pieces, go before TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority or workshop.certificates() / "ca.pem")
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if certificate:
        pair = workshop.certificates() / certificate
        context.load_cert_chain(f"{pair}.pem", f"{pair}.key")
    plain = dial(port, source, timeout, receive_buffer)
    try:
        for piece in [preamble] if isinstance(preamble, bytes) else preamble:
            plain.sendall(piece)
        return context.wrap_socket(plain, server_hostname="edge.homeward.example")
    except BaseException:
        plain.close()
        raise


def dial(port, source=None, timeout=10.0, receive_buffer=None):
    """A TCP connection to the edge; `receive_buffer` bounds what the kernel takes unread."""
    plain = socket.socket()
    plain.settimeout(timeout)
    if receive_buffer:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    if source:
        plain.bind((source, 0))
    plain.connect(("127.0.0.1", port))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return plain


def is_closed(connection, within=5.0):
    """Whether the peer ends the connection within this time; swallows what still comes."""
    connection.settimeout(within)
    try:
        while connection.recv(65536):
            pass
        return True
    except TimeoutError:
        return False
    except OSError:
        return True
