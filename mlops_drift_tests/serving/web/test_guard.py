import pytest

from mlops_drift_tests.serving.asking import Client
from mlops_drift_tests.serving.service import ROW, only, served

OPEN = ["/health", "/ready", "/v2/health/live", "/v2/health/ready"]
CLOSED = ["/", "/docs", "/openapi.json", "/version", "/metrics", "/v2", "/v2/models/drivers", "/x"]


@pytest.fixture
def guarded():
    return served(token="tökén")


@pytest.mark.parametrize("path", OPEN)
def test_states_need_no_token(guarded, path):
    assert Client(guarded).get(path).status_code == 200


@pytest.mark.parametrize("path", CLOSED)
def test_all_else_needs_the_token(guarded, path):
    answer = Client(guarded).get(path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert set(answer.json()) == {"error", "details"}
    assert answer.headers["x-request-id"]


def test_the_token_opens(guarded):
    client = Client(guarded)
    token = {"authorization": "Bearer tökén".encode()}
    assert client.get("/version", headers=token).status_code == 200
    headers = token | {"content-type": "application/json"}
    assert client.ask("POST", "/predict", json=ROW, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "shown", ["", "Bearer", "Bearer ", "Basic tökén", "tökén", "Bearer tökén "]
)
def test_another_token_does_not_and_is_counted(guarded, shown):
    client = Client(guarded)
    headers = {"authorization": shown.encode(), "content-type": "application/json"}
    assert client.ask("POST", "/predict", json=ROW, headers=headers).status_code == 401
    assert only(guarded).log.records == []
    assert only(guarded).metrics.requests["unauthorized"]._value.get() == 1


def test_an_id_of_the_client_is_given_back_and_recorded():
    service = served()
    answer = Client(service).post("/predict", ROW, x_request_id="a-1:b/c.d_e+f=@")
    assert answer.headers["x-request-id"] == "a-1:b/c.d_e+f=@" == answer.json()["request_id"]
    assert only(service).log.records[0].id == "a-1:b/c.d_e+f=@"


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "<b>", "ä", "a\tb"])
def test_an_id_that_is_none_is_not_accepted(given):
    client = Client(served())
    answer = client.get("/health", headers={"x-request-id": given.encode()})
    assert answer.status_code == 400
    assert answer.headers["x-request-id"] != given


def test_ids_that_are_made_differ():
    client = Client(served())
    assert len({client.get("/health").headers["x-request-id"] for _ in range(5)}) == 5


@pytest.mark.parametrize("path", ["/nothing", "/predict/", "/models/other/predict", "/v2/models/x"])
def test_other_paths_are_not_found(path):
    answer = Client(served()).ask("POST", path, content=b"{}")
    assert answer.status_code == 404
    assert answer.json() == {"error": "not found; the paths are at /openapi.json", "details": []}


@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("GET", "/predict", "POST"), ("POST", "/health", "GET, HEAD")]
)
def test_other_methods_are_not_allowed(method, path, allowed):
    answer = Client(served()).ask(method, path)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == set(allowed.split(", "))
    assert answer.json()["error"].startswith("method not allowed; use ")


def test_a_bug_is_logged_and_a_stranger_reads_nothing_of_it(caplog):
    class Broken:
        def before(self, row):
            raise KeyError("/secret/path")

    service = served(rules=Broken())
    answer = Client(service).post("/predict", ROW)
    assert (answer.status_code, answer.json()["error"]) == (500, "the service failed")
    assert answer.headers["x-request-id"] in caplog.text
    assert "/secret/path" in caplog.text
    assert only(service).metrics.requests["error"]._value.get() == 1
