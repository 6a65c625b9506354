"""What every server of the harness does before it serves: it listens and takes connections."""

import socket
import threading


class Listening:
    """Listens on loopback; `_took` gets each connection, on the thread that takes them."""

    #: The port, from the first `start` on; a later one takes it again.
    port = 0
    _listener = None

    def start(self):
        """Listens, on the port of before if there was one."""
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen(512)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._took(connection, listener)

    def _took(self, connection, listener):
        raise NotImplementedError

    @staticmethod
    def _close(listener):
        """Refuses connections."""
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
