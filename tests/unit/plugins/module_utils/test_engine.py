# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's truth table: state by what is there by check mode, and every write it sends."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils import _engine
from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import Field, Kind, blank_is_none
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import ApiError, PrefectError, TransportError
from ansible_collections.selfhosted.prefect.plugins.module_utils._http import Response

THING = Kind(
    noun="thing",
    label="thing",
    collection="/things/",
    item="/things/{name}",
    listing="/things/filter",
    fields=(
        Field("name", updatable=False),
        Field("colour", updatable=False, way_out="Paint another one."),
        Field("size", type="int", api="size_mm"),
        Field("big", type="bool"),
        Field("note", nullable=True, normalise=blank_is_none),
        Field("secret", write_only=True, no_log=True),
    ),
    required_on_create=("colour",),
    created={"size_mm": 1},
    create_model="ThingCreate",
    update_model="ThingUpdate",
)


class Things:
    """A server of things, as a transport: keeps them in a dictionary and every write in a list."""

    def __init__(self, *things: Json) -> None:
        self.things = {thing["name"]: dict(thing) for thing in things}
        self.writes: list[tuple[str, str, t.Any]] = []
        self.lose_answers = 0

    def send(self, method: str, url: str, headers: t.Mapping[str, str], body: bytes | None, timeout: float) -> Response:
        path = url.removeprefix("http://things/api")
        name = path.removeprefix("/things/").replace("%20", " ")
        sent: t.Any = json.loads(body) if body else None
        if method != "GET":
            self.writes.append((method, path, sent))
        if method == "POST" and sent["name"] in self.things:
            return self._reply(409, {"detail": "already there"})
        if method == "POST":
            self.things[sent["name"]] = {"size_mm": 1, "note": None, **sent}
            self.things[sent["name"]].pop("secret", None)
            if self.lose_answers:
                self.lose_answers -= 1
                raise TransportError("dropped", "lost")
            return self._reply(201, self.things[sent["name"]])
        if name not in self.things:
            return self._reply(404, {"detail": "Thing not found"})
        if method in ("PATCH", "PUT"):
            self.things[name].update({key: value for key, value in sent.items() if key != "secret"})
            return self._reply(204, None)
        if method == "DELETE":
            del self.things[name]
            return self._reply(204, None)
        return self._reply(200, self.things[name])

    @staticmethod
    def _reply(status: int, body: t.Any) -> Response:
        return Response(status, {}, b"" if body is None else json.dumps(body).encode())


def ensure(things: Things, state: str, desired: Json, check_mode: bool = False, kind: Kind = THING) -> _engine.Result:
    client = Client(things, "http://things/api", read_only=check_mode, sleep=lambda _seconds: None)
    return _engine.ensure(state, client, kind, desired, check_mode)


RED = {"name": "a", "colour": "red", "size_mm": 1, "big": False, "note": None}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize(
    ("state", "there", "desired", "changed", "writes"),
    [
        ("absent", [], {"name": "a"}, False, []),
        ("absent", [RED], {"name": "a"}, True, [("DELETE", "/things/a", None)]),
        ("present", [], {"name": "a", "colour": "red"}, True, [("POST", "/things/", {"name": "a", "colour": "red"})]),
        ("present", [RED], {"name": "a"}, False, []),
        ("present", [RED], {"name": "a", "colour": "red", "size_mm": 1}, False, []),
        ("present", [RED], {"name": "a", "size_mm": 2}, True, [("PATCH", "/things/a", {"size_mm": 2})]),
        ("present", [RED], {"name": "a", "size_mm": 0}, True, [("PATCH", "/things/a", {"size_mm": 0})]),
        ("present", [RED], {"name": "a", "big": True}, True, [("PATCH", "/things/a", {"big": True})]),
        ("present", [RED], {"name": "a", "note": ""}, False, []),
        ("present", [RED], {"name": "a", "note": None}, False, []),
        (
            "present",
            [{**RED, "note": "x"}],
            {"name": "a", "note": None},
            True,
            [("PATCH", "/things/a", {"note": None})],
        ),
        ("present", [RED], {"name": "a", "secret": "s"}, False, []),
        (
            "present",
            [RED],
            {"name": "a", "secret": "s", "size_mm": 2},
            True,
            [("PATCH", "/things/a", {"size_mm": 2, "secret": "s"})],
        ),
    ],
)
def test_truth_table(
    state: str, there: list[Json], desired: Json, changed: bool, writes: list[t.Any], check_mode: bool
) -> None:
    things = Things(*there)
    result = ensure(things, state, desired, check_mode)
    assert result.changed is changed
    assert result.before == (there[0] if there else None)
    assert things.writes == ([] if check_mode else writes)
    if state == "absent":
        assert result.after is None
    else:
        assert result.after is not None
        seen = {key: value for key, value in desired.items() if key != "secret" and not (key == "note" and not value)}
        assert {**result.after, **seen} == result.after


@pytest.mark.parametrize("there", [[], [RED]], ids=["create", "update"])
def test_a_second_run_changes_nothing(there: list[Json]) -> None:
    things = Things(*there)
    desired = {"name": "a", "colour": "red", "size_mm": 5, "big": True, "note": "n"}
    assert ensure(things, "present", desired).changed
    things.writes.clear()
    again = ensure(things, "present", desired)
    assert (again.changed, things.writes) == (False, [])
    assert again.before == again.after


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_what_cannot_be_changed_in_place_is_refused_with_the_way_out(check_mode: bool) -> None:
    things = Things(RED)
    with pytest.raises(PrefectError, match="'a' has colour 'red', not 'blue'. Paint another one."):
        ensure(things, "present", {"name": "a", "colour": "blue", "size_mm": 2}, check_mode)
    assert things.writes == []


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_what_creation_needs_is_asked_for_only_then(check_mode: bool) -> None:
    things = Things()
    with pytest.raises(PrefectError, match="The thing 'a' does not exist; to create it, give colour"):
        ensure(things, "present", {"name": "a"}, check_mode)
    assert things.writes == []


def test_none_is_refused_where_the_server_takes_none() -> None:
    things = Things(RED)
    with pytest.raises(PrefectError, match="size of the thing 'a' cannot be set to none"):
        ensure(things, "present", {"name": "a", "size_mm": None})
    assert things.writes == []


def test_a_creation_whose_answer_was_lost_is_not_a_conflict() -> None:
    things = Things()
    things.lose_answers = 1
    result = ensure(things, "present", {"name": "a", "colour": "red", "size_mm": 3})
    assert (result.changed, result.before) == (True, None)
    assert result.after == things.things["a"]
    assert [write[0] for write in things.writes] == ["POST", "POST"]


def test_a_conflict_without_a_lost_answer_is_told() -> None:
    class Racing(Things):
        def send(
            self, method: str, url: str, headers: t.Mapping[str, str], body: bytes | None, timeout: float
        ) -> Response:
            if method == "POST":
                self.things["a"] = dict(RED)
            return super().send(method, url, headers, body, timeout)

    with pytest.raises(ApiError, match="409: already there"):
        ensure(Racing(), "present", {"name": "a", "colour": "red"})


def test_names_are_quoted_in_paths() -> None:
    things = Things({**RED, "name": "a b"})
    ensure(things, "present", {"name": "a b", "size_mm": 2})
    assert things.writes == [("PATCH", "/things/a%20b", {"size_mm": 2})]


def test_a_kind_that_is_replaced_whole_gets_all_that_was_given() -> None:
    things = Things(RED)
    kind = Kind(**{**THING.__dict__, "update_method": "PUT"})
    ensure(things, "present", {"name": "a", "colour": "red", "size_mm": 2}, kind=kind)
    assert things.writes == [("PUT", "/things/a", {"name": "a", "colour": "red", "size_mm": 2})]


def test_a_kind_may_find_its_objects_itself_and_address_them_by_id() -> None:
    things = Things({"name": "id-7", "title": "a", "colour": "red", "size_mm": 1})
    kind = Kind(
        **{
            **THING.__dict__,
            "item": "/things/{name}",
            "find": lambda client, desired: client.find("/things/id-7"),
        }
    )
    assert ensure(things, "absent", {"name": "a"}, kind=kind).changed
    assert things.writes == [("DELETE", "/things/id-7", None)]


def test_the_prediction_for_an_empty_server_needs_none() -> None:
    assert _engine.predict("absent", THING, {"name": "a"}) == _engine.Result(False, None, None)
    result = _engine.predict("present", THING, {"name": "a", "colour": "red"})
    assert result == _engine.Result(True, None, {"name": "a", "colour": "red", "size_mm": 1})
    with pytest.raises(PrefectError, match="give colour"):
        _engine.predict("present", THING, {"name": "a"})


def test_a_diff_shows_options_and_no_secrets() -> None:
    document = {"id": 1, "name": "a", "size_mm": 3, "secret": "s"}
    assert _engine.managed(THING, document) == {"name": "a", "size": 3}
    assert _engine.managed(THING, None) == {}


@pytest.mark.parametrize(
    ("one", "other", "answer"),
    [
        (1, 1.0, False),
        (1, True, True),
        (0, False, True),
        (False, False, False),
        (None, False, True),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}, False),
        ({"a": 1}, {"a": True}, True),
        ({"a": 1}, {"b": 1}, True),
        ([1, 2], [2, 1], True),
        ([1], [1, 2], True),
        ("1", 1, True),
    ],
)
def test_values_differ_by_meaning(one: object, other: object, answer: bool) -> None:
    assert _engine.differs(one, other) is answer
    assert _engine.differs(other, one) is answer
