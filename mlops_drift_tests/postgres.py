"""A PostgreSQL server of its own, in a temporary folder and on loopback: not one that is there."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

OWNER = "owner"
# A URL has to encode it.
PASSWORD = "p@ss/word of 9f3a"
# A database that asks for no password: Dagster connects for each of its events, and to prove a
# password costs more than the rest.
OPEN_DATABASE = "dagster"
DEADLINE_SECONDS = 60
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "shared_buffers": "4MB",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "autovacuum": "off",
}


def programs():
    """The folder of PostgreSQL's programs; None where there are none."""
    found = shutil.which("initdb")
    at = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return at[-1] if at else None


class Postgres:
    """A server that is started, stopped and killed by its own process id.

    Args:
        folder: an empty folder, which becomes that of the user who runs the server.
    """

    def __init__(self, folder):
        self._programs, self._folder = programs(), folder
        self._user = {}
        if os.geteuid() == 0:
            # It does not run as root.
            names = {entry.pw_name for entry in pwd.getpwall()}
            user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
            self._user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(folder, user.pw_uid, user.pw_gid)
        secret = folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        access = ["-U", OWNER, "--auth=scram-sha-256", f"--pwfile={secret}"]
        kind = ["--no-sync", "--no-instructions", "--locale=C", "--encoding=UTF8"]
        made = [self._programs / "initdb", "-D", folder / "data", *access, *kind]
        subprocess.run(made, check=True, capture_output=True, cwd=folder, **self._user)
        rules = folder / "data" / "pg_hba.conf"
        rules.write_text(f"host {OPEN_DATABASE} all 127.0.0.1/32 trust\n{rules.read_text()}")
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.start()

    def start(self):
        """Starts the server and waits until it answers."""
        options = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        program = [self._programs / "postgres", "-D", self._folder / "data", "-p", str(self.port)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*program, *options], cwd=self._folder, stdout=log, stderr=log, **self._user
            )
        end = time.monotonic() + DEADLINE_SECONDS
        while True:
            try:
                self.execute("SELECT 1")
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def stop(self):
        """Ends the server, and with it all connections."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(DEADLINE_SECONDS)

    def kill(self):
        """Kills the server and the processes of its connections."""
        listed = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        for pid in [self._process.pid, *map(int, listed.split())]:
            os.kill(pid, signal.SIGKILL)
        self._process.wait(DEADLINE_SECONDS)

    def url(self, database="postgres", user=OWNER, password=PASSWORD):
        """The address of a database as a user."""
        return f"postgresql://{user}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement, database="postgres", **parameters):
        """Runs a statement as the owner and commits it; its rows if it has some."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else None

    def wait_for_read(self):
        """Waits until a source sleeps in a query; the id of the process that serves it."""
        asked = (
            "SELECT pid FROM pg_stat_activity "
            "WHERE application_name = 'mlops_drift' AND wait_event = 'PgSleep'"
        )
        while not (found := self.execute(asked)):
            time.sleep(0.01)
        return found[0][0]

    def make_database(self, name):
        """Makes an empty database; its address."""
        self.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)
