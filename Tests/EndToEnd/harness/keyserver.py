"""A TLS server that publishes an issuer's keys, or misbehaves as told."""

import json
import ssl
import threading

from . import workshop
from .listening import Listening


class KeyServer(Listening):
    """Serves one document over HTTPS on loopback; what it answers can change at any time."""

    def __init__(self, certificate="origin"):
        #: The certificate's name among those of the run.
        self.certificate = certificate
        #: The bytes of the next answers.
        self.answer = b""
        #: Connections that came, and the heads of the requests among them.
        self.connection_count, self.heads = 0, []
        #: Cleared, no answer leaves.
        self.gate = threading.Event()
        self.gate.set()
        self.start()

    def stop(self):
        """Refuses connections."""
        self._close(self._listener)

    def publish(self, *keys, fields="", status="200 OK"):
        """Answers with these keys from now on."""
        self.send(json.dumps({"keys": [key.jwk for key in keys]}).encode(), fields, status)

    def send(self, body, fields="", status="200 OK"):
        """Answers with this body from now on."""
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{fields}\r\n"
        self.answer = head.encode() + body

    def _took(self, connection, listener):
        self.connection_count += 1
        threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, plain):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        pair = workshop.certificates() / self.certificate
        context.load_cert_chain(f"{pair}.pem", f"{pair}.key")
        try:
            with context.wrap_socket(plain, server_side=True) as connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    data = connection.recv(4096)
                    if not data:
                        return
                    head += data
                self.heads.append(head.decode())
                self.gate.wait()
                connection.sendall(self.answer)
                connection.unwrap()
        except OSError:
            plain.close()
