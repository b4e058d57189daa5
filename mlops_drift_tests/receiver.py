"""Receivers on the loopback: of messages as Apprise's `json://` posts them, and of webhooks."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

# Secrets of webhooks.
SECRET = "whsec_c2VjcmV0IG9mIHR3ZW50eS1mb3VyIGJ5dGVz"
OTHER_SECRET = "whsec_YW5vdGhlciBzZWNyZXQsIHRoYXQgaXMgaXRzIG93bg=="


class Listener:
    """A server that is up or down.

    Attributes:
        url: its address, down or up.
        status: the HTTP status of its answers.
        headers: headers of its answers.
        refused: names of what it answers with 400.
        tried: names of all that it was sent.
        posts: what it took: all that it answered with 2xx.
    """

    scheme: str

    def __init__(self):
        self.status = 200
        self.headers = {}
        self.refused = set()
        self.tried = []
        self.posts = []
        self._port = 0
        self.up()
        self.url = f"{self.scheme}://127.0.0.1:{self._port}/"

    def read(self, path, headers, body):
        """The name of what was posted, and what is kept of it."""
        raise NotImplementedError

    def up(self):
        """Listens, on the same port as before."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                name, post = receiver.read(self.path, self.headers, body)
                receiver.tried.append(name)
                status = 400 if name in receiver.refused else receiver.status
                if 200 <= status < 300:
                    receiver.posts.append(post)
                self.send_response(status)
                for header, value in receiver.headers.items():
                    self.send_header(header, value)
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


class Receiver(Listener):
    """Takes messages by their title, and keeps (path, message)."""

    scheme = "json"

    def read(self, path, headers, body):
        message = json.loads(body)
        return message["title"], (path, message)

    @property
    def titles(self):
        return [message["title"] for _, message in self.posts]


class WebhookReceiver(Listener):
    """Takes events by their id, and keeps (path, headers, body)."""

    scheme = "http"

    def read(self, path, headers, body):
        return headers["webhook-id"], (path, dict(headers), body)

    @property
    def ids(self):
        return [headers["webhook-id"] for _, headers, _ in self.posts]

    @property
    def events(self):
        return [json.loads(body) for _, _, body in self.posts]
