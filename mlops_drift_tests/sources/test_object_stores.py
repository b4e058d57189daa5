"""Files in an object store are read as those of this machine; errors say what is wrong."""

import socket
import traceback
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_drift.files import remote
from mlops_drift.sources.base import MissingDayError, SourceError
from mlops_drift_tests.pipeline.place import Place, day, describe, two_a_day, write
from mlops_drift_tests.s3 import KEY, SECRET


def source(folder, path, **table):
    events = {"path": path, **table}
    return describe(source={"events": {"day_column": ..., **events}}).source.open(folder)


@pytest.fixture
def daily(bucket, tmp_path):
    """A place whose events are a file a day in the store, and what writes such a file."""

    def put(number, rows):
        write(tmp_path, rows, "one.csv")
        bucket.put(f"in/{day(number)}/e.csv", tmp_path / "one.csv")

    place = Place(tmp_path, describe(f"{bucket.url}/in/{{day}}/e.csv"))
    return place, put


@pytest.mark.parametrize("name", ["e.csv", "e.csv.gz", "e.parquet", "e.jsonl"])
def test_an_object_holds_what_the_same_file_holds(bucket, tmp_path, name):
    rows = pa.table({"id": ["k1", "k2"], "day": [str(day(0)), str(day(1))], "b": [1.5, None]})
    path = tmp_path / name
    if name == "e.parquet":
        pq.write_table(rows, path)
    elif name == "e.jsonl":
        rows.to_pandas().to_json(path, orient="records", lines=True)
    else:
        rows.to_pandas().to_csv(path, index=False)
    bucket.put(f"in/{name}", path)
    batches = [
        source(tmp_path, place, day_column="day").events(day(0), day(1))
        for place in (name, f"{bucket.url}/in/{name}")
    ]
    local, stored = (batch.parts[0] for batch in batches)
    assert (stored.rows, stored.days, stored.times) == (local.rows, local.days, local.times)
    digests = {batch.origins[day(1)].digest for batch in batches}
    assert len(digests) == 1
    assert batches[1].origins[day(0)].place == f"{bucket.url}/in/{name}"


def test_daily_objects_that_come_change_and_go_are_noticed(daily, bucket):
    place, put = daily
    for number in range(3):
        put(number, two_a_day(number + 1, number))
    place.land(0, 1)
    put(0, [*two_a_day(1), ["late", day(0), "1"]])
    assert place.land(2).late == {day(0): 1}
    bucket.delete(f"in/{day(1)}/e.csv")
    put(3, two_a_day(4, 3))
    place.land(3)
    assert (place.account().landed_late, place.account().gone_days) == ({day(0): 1}, {day(1): 2})


def test_days_without_their_object_are_missing(daily):
    place, put = daily
    put(1, two_a_day(2, 1))
    missing = place.source.missing_days("events", day(0), day(2))
    assert list(missing) == [day(0), day(2)]
    with pytest.raises(MissingDayError, match=rf"in/{day(0)}/e.csv: no such file"):
        place.land(0)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("s3://key:hush@bucket/e.csv", "neither credentials nor options"),
        ("s3://bucket/e.csv?secret_key=hush", "neither credentials nor options"),
        ("s3:///e.csv", "a bucket follows s3://"),
        ("https://shop.example.com/e.csv", "a URL begins with s3://, gs://, abfs://"),
    ],
)
def test_a_url_names_a_store_and_holds_no_secret(tmp_path, url, problem):
    with pytest.raises(ValueError, match=problem) as caught:
        source(tmp_path, url, day_column="day")
    [error] = caught.value.errors()
    assert "hush" not in error["msg"]


class Moved(BaseHTTPRequestHandler):
    """A store whose buckets are in another region."""

    def do_HEAD(self):
        self.send_response(301)
        self.send_header("x-amz-bucket-region", "us-west-2")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def moved():
    server = HTTPServer(("127.0.0.1", 0), Moved)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def failure(folder, url):
    with pytest.raises(SourceError) as caught:
        source(folder, url, day_column="day").events(date(2024, 3, 1), date(2024, 3, 1))
    # What Dagster stores is the whole chain.
    told = "".join(traceback.format_exception(caught.value))
    assert KEY not in told
    assert SECRET not in told
    assert "AWS Error" not in told
    return str(caught.value)


def test_each_thing_that_is_wrong_is_a_sentence(bucket, moved, tmp_path, monkeypatch):
    url = f"{bucket.url}/e.csv"
    assert failure(tmp_path, url).startswith(f"{url}: no such file (wanted for 2024-03-01)")
    assert failure(tmp_path, "s3://not-there/e.csv") == (
        "s3://not-there/e.csv: there is no such bucket; correct its name, or create it"
    )
    assert "no such bucket" in failure(tmp_path, "s3://not-there/{day}.csv")
    monkeypatch.setenv("AWS_ENDPOINT_URL", moved)
    assert failure(tmp_path, url).endswith(
        "the bucket is in another region; set AWS_REGION to us-west-2"
    )


def test_a_store_without_credentials_or_an_answer_is_a_sentence(bucket, tmp_path, monkeypatch):
    monkeypatch.setattr(remote, "_REQUEST_SECONDS", 1)
    monkeypatch.setattr(remote, "_ATTEMPTS", 1)
    url = f"{bucket.url}/e.csv"
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        assert "the object store does not answer" in failure(tmp_path, url)
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.endpoint)
    write(tmp_path, two_a_day(1))
    bucket.put("e.csv", tmp_path / "e.csv")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    # A client keeps its credentials.
    remote._s3.cache_clear()
    assert "access is denied; set credentials" in failure(tmp_path, url)
    remote._s3.cache_clear()
