# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's truth table: state by what is there by check mode, and every write it sends."""

from __future__ import annotations

import json
import typing as t
from dataclasses import replace

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils import _engine
from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Client, Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import ApiError, PrefectError, TransportError
from ansible_collections.selfhosted.prefect.plugins.module_utils._http import Response
from ansible_collections.selfhosted.prefect.plugins.module_utils._kind import Field, Kind
from ansible_collections.selfhosted.prefect.plugins.module_utils._values import blank_is_none

THING = Kind(
    noun="thing",
    label="thing",
    collection="/things/",
    item="/things/{name}",
    listing="/things/filter",
    fields=(
        Field("name", updatable=False),
        Field("colour", updatable=False, way_out="Paint another one."),
        Field("size", type="int", api="size_mm", default=1),
        Field("big", type="bool"),
        Field("note", null="", default=None, normalise=blank_is_none),
        Field("secret", write_only=True, no_log=True),
    ),
    required_on_create=("colour",),
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
    return _engine.ensure(Directory(client, {"thing": kind}), "thing", state, desired)


def options(thing: Json) -> Json:
    return {option: thing.get(api) for option, api in APIS.items()}


APIS = {"name": "name", "colour": "colour", "size": "size_mm", "big": "big", "note": "note"}


RED = {"name": "a", "colour": "red", "size_mm": 1, "big": False, "note": None}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize(
    ("state", "there", "desired", "changed", "writes"),
    [
        ("absent", [], {"name": "a"}, False, []),
        ("absent", [RED], {"name": "a"}, True, [("DELETE", "/things/a", None)]),
        ("present", [], {"name": "a", "colour": "red"}, True, [("POST", "/things/", {"name": "a", "colour": "red"})]),
        ("present", [RED], {"name": "a"}, False, []),
        ("present", [RED], {"name": "a", "colour": "red", "size": 1}, False, []),
        ("present", [RED], {"name": "a", "size": 2}, True, [("PATCH", "/things/a", {"size_mm": 2})]),
        ("present", [RED], {"name": "a", "size": 0}, True, [("PATCH", "/things/a", {"size_mm": 0})]),
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
            {"name": "a", "secret": "s", "size": 2},
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
    assert result.before == (options(there[0]) if there else {})
    assert things.writes == ([] if check_mode else writes)
    if state == "absent":
        assert (result.after, result.document) == ({}, None)
    else:
        assert result.document is not None
        seen = {key: value for key, value in desired.items() if key != "secret" and not (key == "note" and not value)}
        assert {**result.after, **seen} == result.after


@pytest.mark.parametrize("there", [[], [RED]], ids=["create", "update"])
def test_a_second_run_changes_nothing(there: list[Json]) -> None:
    things = Things(*there)
    desired = {"name": "a", "colour": "red", "size": 5, "big": True, "note": "n"}
    assert ensure(things, "present", desired).changed
    things.writes.clear()
    again = ensure(things, "present", desired)
    assert (again.changed, things.writes) == (False, [])
    assert again.before == again.after


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_what_cannot_be_changed_in_place_is_refused_with_the_way_out(check_mode: bool) -> None:
    things = Things(RED)
    with pytest.raises(PrefectError, match="'a' has colour 'red', not 'blue'. Paint another one."):
        ensure(things, "present", {"name": "a", "colour": "blue", "size": 2}, check_mode)
    assert things.writes == []


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_what_creation_needs_is_asked_for_only_then(check_mode: bool) -> None:
    things = Things()
    with pytest.raises(PrefectError, match="The thing 'a' does not exist; to create it, give colour"):
        ensure(things, "present", {"name": "a"}, check_mode)
    assert things.writes == []


def test_none_is_refused_where_the_server_takes_none() -> None:
    things = Things(RED)
    with pytest.raises(PrefectError, match="size cannot be set to none"):
        ensure(things, "present", {"name": "a", "size": None})
    assert things.writes == []


def test_a_creation_whose_answer_was_lost_is_not_a_conflict() -> None:
    things = Things()
    things.lose_answers = 1
    result = ensure(things, "present", {"name": "a", "colour": "red", "size": 3})
    assert (result.changed, result.before) == (True, {})
    assert result.document == things.things["a"]
    assert [write[0] for write in things.writes] == ["POST", "POST"]


def test_a_conflict_about_something_else_is_told() -> None:
    class Strict(Things):
        def send(
            self, method: str, url: str, headers: t.Mapping[str, str], body: bytes | None, timeout: float
        ) -> Response:
            if method == "POST":
                return self._reply(409, {"detail": "no red things today"})
            return super().send(method, url, headers, body, timeout)

    with pytest.raises(ApiError, match="409: no red things today"):
        ensure(Strict(), "present", {"name": "a", "colour": "red"})


def test_what_somebody_else_made_meanwhile_is_brought_to_what_is_declared() -> None:
    class Racing(Things):
        def send(
            self, method: str, url: str, headers: t.Mapping[str, str], body: bytes | None, timeout: float
        ) -> Response:
            if method == "POST":
                self.things["a"] = dict(RED)
            return super().send(method, url, headers, body, timeout)

    things = Racing()
    result = ensure(things, "present", {"name": "a", "colour": "red", "size": 2})
    assert (result.changed, result.after["size"]) == (True, 2)
    assert [write[0] for write in things.writes] == ["POST", "PATCH"]


def test_names_are_quoted_in_paths() -> None:
    things = Things({**RED, "name": "a b"})
    ensure(things, "present", {"name": "a b", "size": 2})
    assert things.writes == [("PATCH", "/things/a%20b", {"size_mm": 2})]


def test_a_kind_that_is_replaced_whole_gets_all_that_was_given() -> None:
    things = Things(RED)
    kind = Kind(**{**THING.__dict__, "update_method": "PUT"})
    ensure(things, "present", {"name": "a", "colour": "red", "size": 2}, kind=kind)
    assert things.writes == [
        ("PUT", "/things/a", {"name": "a", "colour": "red", "size_mm": 2, "big": False, "note": None})
    ]


def test_a_kind_may_read_its_objects_itself_and_address_them_by_id() -> None:
    things = Things({"name": "7", "colour": "red", "size_mm": 1})
    held = {"id": "7", "name": "a", "colour": "red", "size_mm": 1}
    kind = Kind(**{**THING.__dict__, "item": "/things/{id}", "load": lambda directory, keys: [held]})
    assert ensure(things, "absent", {"name": "a"}, kind=kind).changed
    assert things.writes == [("DELETE", "/things/7", None)]


def test_a_name_that_several_objects_have_is_an_error_with_their_ids() -> None:
    held = [{"id": number, "name": "a", "colour": "red", "size_mm": 1} for number in ("7", "8")]
    kind = Kind(**{**THING.__dict__, "load": lambda directory, keys: held})
    for state in ("present", "absent"):
        with pytest.raises(PrefectError, match="2 things called 'a'.*their ids are 7, 8"):
            ensure(Things(), state, {"name": "a"}, kind=kind)


def test_what_must_stay_is_not_removed() -> None:
    things = Things(RED)
    kind = Kind(**{**THING.__dict__, "protected": lambda directory, document: "it is red"})
    with pytest.raises(PrefectError, match="The thing 'a' cannot be removed: it is red"):
        ensure(things, "absent", {"name": "a"}, kind=kind)
    assert things.writes == []


def test_what_the_server_did_not_take_is_told() -> None:
    class Deaf(Things):
        def send(
            self, method: str, url: str, headers: t.Mapping[str, str], body: bytes | None, timeout: float
        ) -> Response:
            return self._reply(204, None) if method == "PATCH" else super().send(method, url, headers, body, timeout)

    result = ensure(Deaf(RED), "present", {"name": "a", "size": 2})
    assert "holds other values than declared for: size" in result.warnings[0]
    assert ensure(Things(RED), "present", {"name": "a", "size": 2}).warnings == []


def test_the_prediction_for_an_empty_server_needs_none() -> None:
    things = Things()
    client = Client(things, "http://things/api", read_only=True)

    def predict(state: str, desired: Json) -> _engine.Result:
        return _engine.ensure(Directory(client, {"thing": THING}, empty=True), "thing", state, desired)

    assert predict("absent", {"name": "a"}) == _engine.Result(False, None, {}, {})
    result = predict("present", {"name": "a", "colour": "red"})
    assert result.changed
    assert result.after == {"name": "a", "colour": "red", "size": 1, "note": None}
    with pytest.raises(PrefectError, match="give colour"):
        predict("present", {"name": "a"})


def test_a_diff_shows_options_and_no_secrets() -> None:
    result = ensure(Things(), "present", {"name": "a", "colour": "red", "secret": "s"})
    assert (result.before, "s" in result.after.values()) == ({}, False)
    assert set(result.after) == set(APIS)


@pytest.mark.parametrize(
    ("one", "other", "answer"),
    [
        (1, 1.0, False),
        (760000000000000000, 7.6e17, False),
        (7.5, 7, True),
        (7.5, "7.5", True),
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


def test_a_field_that_is_forced_is_written_though_it_does_not_differ() -> None:
    fields = [replace(entry, force=lambda desired: True) if entry.option == "size" else entry for entry in THING.fields]
    things = Things({"name": "a", "colour": "red", "size_mm": 1})
    kind = replace(THING, fields=tuple(fields))
    directory = Directory(Client(things, "http://things/api", retries=0), {"thing": kind})
    result = _engine.ensure(directory, "thing", "present", {"name": "a", "size": 1})
    assert (result.changed, things.writes) == (True, [("PATCH", "/things/a", {"size_mm": 1})])


def test_a_derived_key_need_not_be_given_and_is_completed_before_the_check() -> None:
    seen: list[Json] = []
    kind = replace(
        THING,
        derived=("name",),
        derive=lambda desired: {"name": f"the {desired['colour']} one", **desired},
        check=seen.append,
    )
    assert "required" not in kind.argument_spec()["name"]
    assert kind.key_of(kind.desired({"colour": "red"})) == ("the red one",)
    assert seen == [{"name": "the red one", "colour": "red"}]


def test_what_is_shown_of_a_change_is_marked_in_check_mode_as_after_it() -> None:
    kind = replace(THING, shown=lambda before, after: {**after, "note": f"{before['size']} -> {after['size']}"})
    for read_only in (True, False):
        things = Things({"name": "a", "colour": "red", "size_mm": 1})
        client = Client(things, "http://things/api", retries=0, read_only=read_only)
        result = _engine.ensure(Directory(client, {"thing": kind}), "thing", "present", {"name": "a", "size": 2})
        assert result.after["note"] == "1 -> 2"


def test_the_declared_values_of_what_is_about_to_be_made_are_known() -> None:
    directory = Directory(Client(Things(), "http://things/api", retries=0), {"thing": THING})
    directory.promise("thing", ("a",), {"name": "a", "size": 3})
    assert directory.exists("thing", "a")
    assert directory.promised("thing") == {("a",): {"name": "a", "size": 3}}
