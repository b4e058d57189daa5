"""What went wrong in a database, as a sentence that holds no part of its address."""

import re
from dataclasses import dataclass

from mlops_drift.sources.database.address import Address

# What is wrong with a connection: signs in what drivers say, what is wrong, and how to fix it.
_UNREACHABLE = [
    (
        r"password|authentication|access denied|28000|28P01",
        "the database does not accept the user or the password",
        "correct both in `url`",
    ),
    (
        r"database .* does not exist|unknown database|3D000",
        "the server has no such database",
        "correct its name in `url`, or create it",
    ),
    (
        r"translate host|resolve host|getaddrinfo|name or service|unknown host",
        "the host of the database is unknown",
        "correct it in `url`",
    ),
    (
        r"permission denied for database|not permitted to log ?in|42501",
        "the user may not connect to the database",
        "grant CONNECT, to a role with LOGIN",
    ),
    (
        r"invalid (connection option|uri query parameter|\w+ value)",
        "the driver of the database cannot read an option in `url`",
        "correct it",
    ),
    (r"no pg_hba.conf entry", "the server lets this user in from elsewhere only", "allow it there"),
    (
        r"too many (clients|connections)|connection slots|53300",
        "the server has no connection left",
        "raise its limit",
    ),
    (
        r"\b(ssl|tls|certificate)\b",
        "the server and this client do not agree on encryption",
        "set `sslmode` and its certificates in `url`",
    ),
]
_DOWN = r"refused|starting up|shutting down|is the server running|57P0[123]"
_LATE = r"timeout|timed out"
# What ends a statement: class 08 is a lost connection, 57P a server that goes down, and 40001 a
# replica that needed the rows of this snapshot.
_LOST = r"08...|57P..|40001"


@dataclass(frozen=True)
class Fault:
    """Why a database was not read.

    Attributes:
        problem: what is wrong, in a part of a sentence.
        hint: how to fix it.
        is_lost: whether the connection broke, so that a new one may go well.
        is_down: whether nothing answers, as while a server starts again.
        are_texts: whether a table may have days as texts: they cannot be compared with dates.
    """

    problem: str
    hint: str
    is_lost: bool = False
    is_down: bool = False
    are_texts: bool = False


@dataclass(frozen=True)
class Said:
    """What a driver says of an error.

    Attributes:
        state: the SQLSTATE; empty where the driver gives none.
        is_lost: whether the driver says that the connection broke.
    """

    text: str
    state: str = ""
    is_lost: bool = False


def of_connection(said: Said) -> Fault:
    """Why there is no connection."""
    everything = f"{said.state} {said.text}"
    for signs, problem, hint in _UNREACHABLE:
        if re.search(signs, everything, re.IGNORECASE | re.DOTALL):
            return Fault(problem, hint)
    if re.search(_DOWN, everything, re.IGNORECASE):
        hint = "start it, or correct host and port in `url`"
        return Fault("nothing answers where the database should be", hint, is_down=True)
    if re.search(_LATE, everything, re.IGNORECASE):
        return Fault(
            "the database does not answer", "correct the host in `url`, or open the network"
        )
    # What a driver says of a URL that it cannot read may hold any part of it.
    return Fault(
        "there is no connection to the database", "correct `url`; another client may say more"
    )


def of_statement(
    said: Said, address: Address, table: str | None, seconds: float, *, is_stopped: bool
) -> Fault:
    """Why a statement gave no rows.

    Args:
        said: what the driver says.
        address: of the database.
        table: what was read; None for a query.
        seconds: the time-out.
        is_stopped: whether it was stopped because of that.
    """
    text, state = said.text, said.state
    if is_stopped or "statement timeout" in text:
        hint = "let it read less, with an index on the day column, or raise `timeout_seconds`"
        return Fault(f"reading took longer than {seconds:g} seconds", hint)
    if re.fullmatch(_LOST, state) or said.is_lost:
        hint = "run the days again when the database is there"
        return Fault("the connection was lost while reading", hint, is_lost=True)
    if state == "25006" or "readonly database" in text:
        return Fault("it writes, and a source only reads", "write a query that only reads")
    if "database is locked" in text:
        hint = "run the days again when that has ended"
        return Fault("another process is writing the database", hint)
    if "file is not a database" in text:
        return Fault("the file is no database of SQLite", "correct `url`")
    if state == "42501" or re.search("permission denied|access denied", text, re.IGNORECASE):
        return Fault(
            f"the user of `url` may not read it: {_first(said, address)}",
            "grant SELECT, on the schema too",
        )
    if table is not None and (state == "42P01" or re.search("no such table|1146", text)):
        return Fault("there is no such table", "correct `table`; its name is case-sensitive")
    if table is not None and (state == "42703" or re.search("no such column|1054", text)):
        return Fault("it lacks the day column", "correct `day_column`; its name is case-sensitive")
    if table is not None and state in ("42883", "22007", "22P02"):
        hint = "correct `day_column`, or write a `query` that makes dates of it"
        return Fault(
            "the day column holds neither dates nor texts", hint, are_texts=state == "42883"
        )
    hint = "correct `query`" if table is None else "read it by a `query`"
    return Fault(f"the database rejects it: {_first(said, address)}", hint)


def _first(said: Said, address: Address) -> str:
    """The first line of what a driver says, from where the server speaks."""
    line = said.text.split("ERROR:", 1)[-1].split("FATAL:", 1)[-1].strip().partition("\n")[0]
    return address.without_secrets(line) or "it says nothing more"
