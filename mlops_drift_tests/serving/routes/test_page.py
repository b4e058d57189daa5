import json
import re
import shlex
from html import unescape

import msgspec

from mlops_drift_tests.serving.asking import Client
from mlops_drift_tests.serving.service import DESCRIPTION, ROW, only, served


def commands(page):
    """The curl lines of a page, as a shell splits them."""
    return [shlex.split(unescape(line)) for line in re.findall(r"<pre>(curl .*?)</pre>", page)]


def test_every_line_of_the_page_works():
    service = served(msgspec.structs.replace(DESCRIPTION, example=ROW | {"note": "it's <b>"}))
    client = Client(service)
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "<script" not in page.text
    lines = commands(page.text)
    assert len(lines) == 3
    for line in lines:
        headers = dict(part.split(": ") for part in (line[3],))
        answer = client.ask("POST", line[1], content=line[5], headers=headers)
        assert answer.status_code == 200, line
    assert only(service).log.records[0].rows[0].row["note"] == "it's <b>"


def test_the_answer_on_the_page_is_that_of_the_service_and_is_not_recorded():
    service = served()
    client = Client(service)
    page = unescape(client.get("/").text)
    assert only(service).log.records == []
    shown = json.loads(re.search(r"<h2>Its answer</h2>\n<pre>(.*?)</pre>", page, re.DOTALL)[1])
    answer = client.post("/predict", ROW).json()
    assert shown.pop("request_id") == "the id of the request"
    assert answer.items() >= shown.items()


def test_the_page_says_how_to_send_the_token_and_does_not_show_it():
    page = Client(served(token="secret")).get("/", headers={"authorization": "Bearer secret"}).text
    assert 'authorization: Bearer $MLOPS_DRIFT_SERVE_TOKEN"' in unescape(page)
    assert "secret" not in page


def test_the_page_is_there_before_a_version_and_where_the_model_fails():
    assert "No version is loaded" in Client(served(loaded=False)).get("/").text
    service = served()
    only(service).current.scorer.fails = True
    page = Client(service).get("/")
    assert page.status_code == 200
    assert "Its answer" not in page.text
