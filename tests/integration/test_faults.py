# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real server behind bad wires, gateways and restarts: the result is right, or an error says what failed where."""

from __future__ import annotations

import email.utils
import threading
import time
import typing as t

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils import _resources
from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError
from ansible_collections.selfhosted.prefect.tests.integration.apply import apply, connect
from ansible_collections.selfhosted.prefect.tests.integration.faults import HTML, Fault, FaultyProxy
from ansible_collections.selfhosted.prefect.tests.integration.stack import Server, Stack, docker, until

Json = dict[str, t.Any]

pytestmark = pytest.mark.once
JSON_TYPE = {"Content-Type": "application/json"}
HTML_TYPE = {"Content-Type": "text/html"}
BUSY = b'{"exception_message":"Service Unavailable"}'


@pytest.fixture
def proxy(plain: Server) -> t.Iterator[FaultyProxy]:
    made = FaultyProxy(plain)
    yield made
    made.close()


def all_of(server: Server, declared: Json, check: bool = False, patience: float = 0) -> Json:
    """Do what the module resources does."""
    client: Client = connect(server, check)
    client.patience = patience
    return _resources.apply(Directory(client, KINDS), declared)


def variables(prefix: str, count: int) -> Json:
    return {"variables": [{"name": f"{prefix}-{number}", "value": number} for number in range(count)]}


def names_of(server: Server, path: str, like: str) -> list[str]:
    """Return the names of all objects of a listing that begin so, read without the collection."""
    found: list[str] = []
    while True:
        page = server.ask("POST", path, {"offset": len(found), "limit": 200})
        found += [entry["name"] for entry in page]
        if len(page) < 200:
            return sorted(name for name in found if name.startswith(like))


def removed(declared: Json) -> Json:
    return {plural: [{"name": one["name"], "state": "absent"} for one in listed] for plural, listed in declared.items()}


# The server asks for less, or for time


def in_a_second() -> str:
    return email.utils.formatdate(time.time() + 2, usegmt=True)


@pytest.mark.parametrize(
    ("status", "after"), [(429, "1"), (503, "1"), (429, "date"), (503, "date"), (429, ""), (503, "")], ids=str
)
def test_a_busy_server_is_asked_again_after_the_time_it_names(
    proxy: FaultyProxy, plain: Server, status: int, after: str
) -> None:
    headers = {**JSON_TYPE, **({"Retry-After": in_a_second() if after == "date" else after} if after else {})}
    proxy.faults = [Fault("POST", "/variables/", status=status, headers=headers, body=BUSY)]
    name = f"busy-{status}-{after or 'none'}"
    begun = time.monotonic()
    assert apply(proxy.server, "variable", name=name, value=1).changed
    assert (after == "") == (time.monotonic() - begun < 0.9)
    assert [path for _method, path in proxy.requests].count("/api/variables/") == 2
    proxy.faults = [Fault("POST", "/variables/", times=3, status=status, headers=headers, body=BUSY)]
    declared = variables(name, 5)
    assert len(all_of(proxy.server, declared)["kinds"]["variables"]["created"]) == 5
    assert not all_of(plain, declared)["changed"]
    declared["variables"].append({"name": name})
    assert all_of(plain, removed(declared))["changed"]


def test_maintenance_is_waited_for(proxy: FaultyProxy, plain: Server) -> None:
    headers = {**JSON_TYPE, "Prefect-Maintenance": "true", "Retry-After": "1"}
    end = time.monotonic() + 5
    fault = Fault(times=-1, skip=3, status=503, headers=headers, body=BUSY)
    proxy.faults = [fault]

    def ended(method: str, path: str) -> None:
        if time.monotonic() > end:
            proxy.faults = []

    proxy.before = ended
    declared = variables("maintained", 20)
    assert len(all_of(proxy.server, declared, patience=60)["kinds"]["variables"]["created"]) == 20
    assert fault.seen > fault.skip
    assert not all_of(plain, declared)["changed"]
    all_of(plain, removed(declared))


def test_a_server_that_stays_busy_is_an_error_for_each_object_it_refused(proxy: FaultyProxy, plain: Server) -> None:
    proxy.faults = [Fault("POST", "/variables/", times=-1, skip=2, status=503, headers=JSON_TYPE, body=BUSY)]
    declared = variables("refused", 4)
    with pytest.raises(PrefectError) as told:
        all_of(proxy.server, declared)
    made = told.value.details["kinds"]["variables"]["created"]
    failed = told.value.details["kinds"]["variables"]["failed"]
    assert sorted(made + failed) == [one["name"] for one in declared["variables"]]
    assert names_of(plain, "/variables/filter", "refused-") == sorted(made)
    assert f"POST {proxy.server.url}/variables/: HTTP 503" in told.value.message
    assert f"{len(failed)} of 4 objects failed" in told.value.message
    proxy.faults = []
    assert sorted(all_of(proxy.server, declared)["kinds"]["variables"]["created"]) == sorted(failed)
    all_of(plain, removed(declared))


# Something else answers

ANSWERS = {
    "html 200": (200, HTML_TYPE, HTML, "the answer is not JSON"),
    "html 404": (404, HTML_TYPE, HTML, "HTTP 404"),
    "html 502": (502, HTML_TYPE, HTML, "HTTP 502"),
    "html 503": (503, HTML_TYPE, HTML, "HTTP 503"),
    "html 403": (403, HTML_TYPE, HTML, "HTTP 403"),
    "empty 500": (500, {}, b"", "HTTP 500"),
    "text": (200, JSON_TYPE, b'"a"', "is not"),
    "redirect": (302, {"Location": "https://login/"}, b"", "HTTP 302"),
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("many", [False, True], ids=["module", "resources"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_no_answer_of_prefect_is_an_error_that_says_so(
    proxy: FaultyProxy, plain: Server, answer: str, many: bool, method: str
) -> None:
    status, headers, body, words = ANSWERS[answer]
    proxy.faults = [Fault(method, times=-1, status=status, headers=headers, body=body)]
    name = "no-answer"
    # Many are read by POST, but what the server knows of types of work pools by GET.
    declared: Json = {"work_pools": [{"name": name, "type": "process"}]}
    if method == "POST":
        declared = {"variables": [{"name": name, "value": 1}]}

    def run() -> object:
        return all_of(proxy.server, declared) if many else apply(proxy.server, "variable", name=name, value=1)

    with pytest.raises(PrefectError) as told:
        run()
    assert words in told.value.message
    assert proxy.server.url in told.value.message
    assert names_of(plain, "/variables/filter", name) == []
    assert plain.pool(name) is None


# Answers that are lost


@pytest.mark.parametrize("keep", [None, 0, 1, 40], ids=str)
@pytest.mark.parametrize(
    ("noun", "path", "options"),
    [
        ("variable", "/variables/", {"value": 1}),
        ("work_pool", "/work_pools/", {"type": "process"}),
        ("global_concurrency_limit", "/v2/concurrency_limits/", {"limit": 1}),
        ("flow", "/flows/", {}),
        (
            "automation",
            "/automations/",
            {"trigger": {"posture": "Reactive", "expect": ["a"]}, "actions": [{"type": "do-nothing"}]},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "/" not in value else "",
)
def test_a_creation_whose_answer_is_lost_makes_one_object(
    proxy: FaultyProxy, plain: Server, noun: str, path: str, options: Json, keep: int | None
) -> None:
    name = f"lost-{keep}".lower()
    listing = f"{path}filter"
    proxy.faults = [Fault("POST", path, carried_out=True, drop=keep is None, keep=-1 if keep is None else keep)]
    assert apply(proxy.server, noun, name=name, **options).changed
    assert names_of(plain, listing, name) == [name]
    assert not apply(plain, noun, name=name, **options).changed
    apply(plain, noun, name=name, state="absent")


@pytest.mark.parametrize("many", [False, True], ids=["module", "resources"])
def test_a_change_or_removal_whose_answer_is_lost_is_done(proxy: FaultyProxy, plain: Server, many: bool) -> None:
    def do(**options: t.Any) -> bool:
        if many:
            return bool(all_of(proxy.server, {"variables": [{"name": name, **options}]})["changed"])
        return apply(proxy.server, "variable", name=name, **options).changed

    name = "lost-change"
    apply(plain, "variable", name=name, value=1)
    proxy.faults = [Fault("PATCH", carried_out=True, drop=True)]
    assert do(value=2)
    assert plain.ask("GET", f"/variables/name/{name}")["value"] == 2
    proxy.faults = [Fault("DELETE", carried_out=True, drop=True)]
    assert do(state="absent")
    assert names_of(plain, "/variables/filter", name) == []


def test_lost_answers_among_many_automations_make_none_twice(proxy: FaultyProxy, plain: Server) -> None:
    body = {"trigger": {"posture": "Reactive", "expect": ["a"]}, "actions": [{"type": "do-nothing"}]}
    declared: Json = {"automations": [{"name": f"often-lost-{number}", **body} for number in range(20)]}
    proxy.faults = [
        Fault("POST", "/automations/", carried_out=True, drop=True, skip=skip) for skip in (2, 3, 7, 8, 9, 15)
    ]
    result = all_of(proxy.server, declared)
    assert len(result["kinds"]["automations"]["created"]) == 20
    wanted = sorted(one["name"] for one in declared["automations"])
    assert names_of(plain, "/automations/filter", "often-lost-") == wanted
    assert not all_of(plain, declared)["changed"]
    all_of(plain, removed(declared))


def test_lists_that_are_cut_off_are_read_again(proxy: FaultyProxy, plain: Server) -> None:
    declared = variables("cut-off", 30)
    all_of(plain, declared)
    proxy.faults = [Fault("POST", "/variables/filter", keep=100), Fault("POST", "/variables/filter", keep=0)]
    assert not all_of(proxy.server, declared)["changed"]
    proxy.faults = [Fault("POST", "/variables/filter", keep=100, times=-1)]
    with pytest.raises(PrefectError, match=r"/variables/filter: the connection was closed .* \(tried 4 times\)"):
        all_of(proxy.server, declared)
    all_of(plain, removed(declared))


# The server goes away


def test_a_restart_in_the_middle_of_many_objects_loses_and_doubles_none(stack: Stack) -> None:
    server = stack.server("restarted", None)
    until("server", server.ready)
    proxy = FaultyProxy(server)
    body = {"trigger": {"posture": "Reactive", "expect": ["a"]}, "actions": [{"type": "do-nothing"}]}
    declared: Json = {
        **variables("v", 200),
        "flows": [{"name": f"f-{number}"} for number in range(100)],
        "automations": [{"name": f"a-{number}", **body} for number in range(60)],
    }

    def restarted() -> None:
        docker("restart", "--time", "10", server.container)
        # A port that the engine chose is another one after a restart.
        port = docker("port", server.container, "4200/tcp").splitlines()[0].rpartition(":")[2]
        proxy.behind = Server(f"http://127.0.0.1:{port}/api", server.container)

    restart = threading.Thread(target=restarted)

    def when_half_is_done(method: str, path: str) -> None:
        if len(proxy.requests) == 150:
            restart.start()

    proxy.before = when_half_is_done
    try:
        result = all_of(proxy.server, declared, patience=90)
    finally:
        restart.join()
    assert {kind: len(report["created"]) for kind, report in result["kinds"].items()} == {
        "variables": 200,
        "flows": 100,
        "automations": 60,
    }
    again = proxy.behind
    until("server", again.ready)
    for plural, path in (("variables", "/variables"), ("flows", "/flows"), ("automations", "/automations")):
        assert names_of(again, f"{path}/filter", plural[0]) == sorted(one["name"] for one in declared[plural])
    assert not all_of(again, declared)["changed"]
    proxy.close()


def test_a_server_on_sqlite_that_is_busy_with_itself_gets_all_in_the_end(stack: Stack) -> None:
    server = stack.server("lite", None)
    until("server", server.ready)
    declared: Json = {
        "work_pools": [{"name": f"p-{number}", "type": "process"} for number in range(20)],
        "work_queues": [{"work_pool": f"p-{number}", "name": "q", "priority": 1} for number in range(20)],
        "deployments": [{"flow": "f", "name": f"d-{number}", "work_pool": f"p-{number}"} for number in range(20)],
    }
    result = all_of(server, declared)
    assert {kind: len(report["created"]) for kind, report in result["kinds"].items()} == {
        "work_pools": 20,
        "work_queues": 20,
        "deployments": 20,
        "flows": 1,
    }
    assert not all_of(server, declared)["changed"]
