"""A receiver of messages on the loopback, as Apprise's `json://` posts them."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Receiver:
    """Takes messages while it is up.

    Attributes:
        url: its Apprise URL, down or up.
        status: the HTTP status of its answers; it keeps what it answers with 200.
        refused: titles that it answers with 400.
        titles: titles of the messages that it took, in their order.
        posts: (path, message) of what it took.
    """

    def __init__(self):
        self.status = 200
        self.refused = set()
        self.posts = []
        self._port = 0
        self.up()
        self.url = f"json://127.0.0.1:{self._port}/"

    @property
    def titles(self):
        return [message["title"] for _, message in self.posts]

    def up(self):
        """Listens, on the same port as before."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = 400 if message["title"] in receiver.refused else receiver.status
                if status == 200:
                    receiver.posts.append((self.path, message))
                self.send_response(status)
                self.end_headers()

            def log_message(self, format, *args):  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_port
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def down(self):
        """Refuses connections."""
        self._server.shutdown()
        self._server.server_close()
