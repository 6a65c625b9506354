"""A TLS server that publishes an issuer's keys, or misbehaves as told."""

import json
import socket
import ssl
import threading

from . import workshop


class KeyServer:
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
        self._listener = None
        self.port = 0
        self.start()

    def start(self):
        """Listens, on the port of before if there was one."""
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen(64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self):
        """Refuses connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def publish(self, *keys, fields="", status="200 OK"):
        """Answers with these keys from now on."""
        self.send(json.dumps({"keys": [key.jwk for key in keys]}).encode(), fields, status)

    def send(self, body, fields="", status="200 OK"):
        """Answers with this body from now on."""
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{fields}\r\n"
        self.answer = head.encode() + body

    def _accept(self, listener):
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            self.connection_count += 1
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

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
