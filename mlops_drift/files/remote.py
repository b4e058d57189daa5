"""Files in an object store: `s3://`, `gs://` and `abfs://` URLs, through Arrow's file systems.

Credentials, region and address of the store are those of the environment.
"""

import os
from collections.abc import Callable
from datetime import timedelta
from functools import cache, cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from mlops_drift.files.error import TableError
from mlops_drift.files.store_faults import store_fault

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo, FileSystem

SCHEMES = ("s3", "gs", "abfs", "abfss")

Result = TypeVar("Result")

# A network that is down is no reason to wait for long.
_CONNECT_SECONDS, _REQUEST_SECONDS, _ATTEMPTS = 5, 60, 3


def is_remote(path: str) -> bool:
    """Whether a path is the URL of an object store.

    >>> is_remote("s3://shop/events.csv"), is_remote("data/events.csv")
    (True, False)
    """
    return path.partition("://")[0] in SCHEMES and "://" in path


def check_url(url: str) -> str:
    """A URL as it may stand in a file.

    Raises:
        ValueError: if it holds credentials or options, which the message does not show, or names
            no bucket.
    """
    parts = urlsplit(url)
    if (
        parts.password is not None
        or parts.query
        or (parts.username and parts.scheme not in ("abfs", "abfss"))
    ):
        raise ValueError(
            f"a URL {parts.scheme}:// has neither credentials nor options; both come from the "
            "environment, such as AWS_ACCESS_KEY_ID and AWS_REGION"
        )
    if not parts.hostname:
        raise ValueError(f"found {url!r}; a bucket follows {parts.scheme}://")
    return url


class RemoteFile:
    """An object of a store; it is read once, when it is first asked for.

    Raises:
        TableError: the store cannot be read; the message says why, and holds no secret.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def __str__(self) -> str:
        return self._url

    @property
    def name(self) -> str:
        """The last part of its URL."""
        return PurePosixPath(self._url).name

    @property
    def suffix(self) -> str:
        """The end of its name from the last point on."""
        return PurePosixPath(self._url).suffix

    @property
    def stem(self) -> str:
        """The name without this."""
        return PurePosixPath(self._url).stem

    @cached_property
    def stamp(self) -> str:
        """Size and time of the object; empty without one."""

        def find() -> str:
            system, path = _system_of(self._url)
            return _stamp(system.get_file_info(path)) or _require_bucket(system, path)

        return _asked(self._url, find)

    def is_file(self) -> bool:
        """Whether there is such an object; an error if there is no such bucket."""
        return bool(self.stamp)

    def read_bytes(self) -> bytes:
        """All of it."""
        return self._content

    @cached_property
    def _content(self) -> bytes:
        def read() -> bytes:
            system, path = _system_of(self._url)
            with system.open_input_stream(path, compression=None) as stream:
                content: bytes = stream.read()
            return content

        return _asked(self._url, read)


def stamps_under(url: str) -> dict[str, str]:
    """Size and time of each object under a URL that ends in `/`, by URL; of subfolders too.

    Raises:
        TableError: as of a `RemoteFile`.
    """

    def find() -> dict[str, str]:
        from pyarrow.fs import FileSelector

        system, path = _system_of(url)
        base = path.rstrip("/")
        found = system.get_file_info(FileSelector(base, allow_not_found=True, recursive=True))
        if not found:
            _require_bucket(system, base)
        listed = {one.path.removeprefix(path): _stamp(one) for one in found}
        return {f"{url}{name}": stamp for name, stamp in listed.items() if stamp}

    return _asked(url, find)


def _asked(url: str, ask: Callable[[], Result]) -> Result:
    try:
        return ask()
    except OSError as error:
        # Without its cause: what a client says may hold a key.
        raise TableError(f"{url}: {store_fault(error)}") from None


def _stamp(info: "FileInfo") -> str:
    return f"{info.size} {info.mtime_ns}" if info.is_file else ""


def _require_bucket(system: "FileSystem", path: str) -> str:
    from pyarrow.fs import FileType

    if system.get_file_info(path.partition("/")[0]).type == FileType.NotFound:
        raise OSError("no such bucket")
    return ""


def _system_of(url: str) -> tuple["FileSystem", str]:
    """The file system of a URL, and the path in it."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        variables = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION")
        of_s3 = _s3(*(os.environ.get(name) for name in variables))
        return of_s3, f"{parts.netloc}{parts.path}"
    if parts.scheme == "gs":
        return _gs(), f"{parts.netloc}{parts.path}"
    from pyarrow.fs import FileSystem

    system, path = FileSystem.from_uri(url)
    return system, f"{path}/" if url.endswith("/") else path


@cache
def _s3(
    s3_endpoint: str | None, endpoint: str | None, region: str | None, default_region: str | None
) -> "FileSystem":
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    return S3FileSystem(
        endpoint_override=s3_endpoint or endpoint,
        region=region or default_region,
        connect_timeout=_CONNECT_SECONDS,
        request_timeout=_REQUEST_SECONDS,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
    )


@cache
def _gs() -> "FileSystem":
    from pyarrow.fs import GcsFileSystem

    return GcsFileSystem(retry_time_limit=timedelta(seconds=_REQUEST_SECONDS))
