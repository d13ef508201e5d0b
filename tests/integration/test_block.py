# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module block against real servers: what blocks hold, and that nothing of it that is secret is ever shown."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.selfhosted.prefect.plugins.filter.to_declaration import to_declaration
from ansible_collections.selfhosted.prefect.plugins.module_utils import _engine, _resources, _secret
from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError
from ansible_collections.selfhosted.prefect.tests.integration import stack
from ansible_collections.selfhosted.prefect.tests.integration.apply import apply, connect, proven
from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task

MASK, CHANGED = "********", "******** (changed)"
FIELDS: dict[str, t.Any] = {
    "title": "Thing",
    "type": "object",
    "required": ["url"],
    "properties": {
        "url": {"type": "string"},
        "token": {"type": "string", "format": "password"},
        "level": {"type": "string", "enum": ["info", "error"], "default": "info"},
        "count": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
        "nested": {"type": "object", "properties": {"password": {"type": "string"}}},
        "headers": {"type": "object"},
        "hosts": {"type": "array", "items": {"type": "string"}},
        "friend": {"title": "Another block"},
    },
    "secret_fields": ["token", "nested.password", "headers.*"],
}
WHOLE: dict[str, t.Any] = {
    "url": "http://things",
    "token": "first-token",
    "level": "error",
    "count": 5,
    "nested": {"password": "first-password", "user": "u", "empty": {}},
    "headers": {"X-A": "first-header", "X-B": "second-header"},
    "hosts": ["a", "b"],
}


@pytest.fixture
def block_type(plain: Server) -> str:
    apply(plain, "block_type", slug="b-thing", name="b-thing")
    apply(plain, "block_schema", block_type="b-thing", fields=FIELDS, capabilities=["write-path"])
    return "b-thing"


def stored(server: Server, block_type: str, name: str) -> t.Any:
    return server.ask("GET", f"/block_types/slug/{block_type}/block_documents/name/{name}?include_secrets=true")["data"]


def other(**changes: t.Any) -> dict[str, t.Any]:
    return {**copy.deepcopy(WHOLE), **changes}


def test_create_change_absent(plain: Server, block_type: str) -> None:
    made = proven(plain, "block", block_type=block_type, name="life", data=WHOLE)
    assert stored(plain, block_type, "life") == WHOLE
    shown = {"token": MASK, "nested": {"password": MASK, "user": "u", "empty": {}}, "headers": MASK}
    assert made.after["data"] == {**WHOLE, **shown}
    changed = proven(plain, "block", block_type=block_type, name="life", data=other(count=6, hosts=[]))
    assert changed.after["data"]["count"] == 6
    assert stored(plain, block_type, "life") == other(count=6, hosts=[])
    assert proven(plain, "block", block_type=block_type, name="life", state="absent").changed


@pytest.mark.parametrize(
    "change",
    [
        {"token": "second-token"},
        {"nested": {"password": "second-password", "user": "u", "empty": {}}},
        {"headers": {"X-A": "first-header", "X-B": "another-header"}},
        {"headers": {"X-A": "first-header"}},
    ],
    ids=["token", "nested", "wildcard", "wildcard removed"],
)
def test_a_changed_secret_is_applied_and_only_marked(plain: Server, block_type: str, change: dict[str, t.Any]) -> None:
    apply(plain, "block", block_type=block_type, name="secret", data=WHOLE)
    result = proven_with_mark(plain, block_type=block_type, name="secret", data=other(**change))
    assert stored(plain, block_type, "secret") == other(**change)
    (field,) = change
    before, after = result.before["data"][field], result.after["data"][field]
    assert (before, after) == (
        ({"password": MASK, "user": "u", "empty": {}}, {"password": CHANGED, "user": "u", "empty": {}})
        if field == "nested"
        else (MASK, CHANGED)
    )
    apply(plain, "block", block_type=block_type, name="secret", state="absent")


def proven_with_mark(server: Server, **options: t.Any) -> _engine.Result:
    """Apply as ``proven`` does; the mark of what has changed is not there any more in a second run."""
    predicted = apply(server, "block", check=True, **options)
    result = apply(server, "block", **options)
    again = apply(server, "block", **options)
    assert not again.changed
    assert result.warnings == []
    for side in ("before", "after"):
        # As they are written: a secret equals another only by its value.
        assert json.dumps(getattr(predicted, side)) == json.dumps(getattr(result, side))
    assert json.dumps(again.before) == json.dumps(again.after)
    return result


def test_a_secret_that_is_a_dictionary_is_sealed_though_the_server_shows_it(plain: Server) -> None:
    for value in ({"user": "u", "password": "dict-password"}, ["list-password"], 12345, "text-password", ""):
        result = proven_with_mark(plain, block_type="secret", name="b-any", data={"value": value})
        assert "-password" not in json.dumps([result.document, result.before, result.after])
        assert "12345" not in json.dumps(result.after)
        assert stored(plain, "secret", "b-any") == {"value": value}


def test_update_secrets_always_and_on_create(plain: Server, block_type: str) -> None:
    options: dict[str, t.Any] = {"block_type": block_type, "name": "when", "data": WHOLE}
    assert apply(plain, "block", **options, update_secrets="on_create").changed
    always = apply(plain, "block", **options, update_secrets="always")
    assert (always.changed, always.warnings) == (True, [])
    assert apply(plain, "block", **options, update_secrets="always").changed
    kept = proven(
        plain, "block", block_type=block_type, name="when", data=other(token="z-token"), update_secrets="on_create"
    )
    assert not kept.changed
    assert stored(plain, block_type, "when")["token"] == "first-token"
    nothing_secret: dict[str, t.Any] = {
        "block_type": block_type,
        "name": "public",
        "data": {"url": "x"},
        "update_secrets": "always",
    }
    apply(plain, "block", **nothing_secret)
    assert not apply(plain, "block", **nothing_secret).changed


def test_a_secret_the_block_does_not_have_yet_is_sent_even_with_on_create(plain: Server, block_type: str) -> None:
    apply(plain, "block", block_type=block_type, name="later", data={"url": "x"})
    result = apply(
        plain,
        "block",
        block_type=block_type,
        name="later",
        data={"url": "x", "token": "late"},
        update_secrets="on_create",
    )
    assert result.changed
    assert stored(plain, block_type, "later") == {"url": "x", "token": "late"}


def test_data_are_the_whole_truth_apart_from_defaults_that_prefect_writes(plain: Server, block_type: str) -> None:
    apply(plain, "block", block_type=block_type, name="truth", data=WHOLE)
    assert proven(plain, "block", block_type=block_type, name="truth", data={"url": "x"}).changed
    assert stored(plain, block_type, "truth") == {"url": "x"}
    apply(plain, "block", block_type=block_type, name="truth", data={"url": "x", "level": "info", "count": None})
    assert not proven(plain, "block", block_type=block_type, name="truth", data={"url": "x"}).changed
    assert not proven(plain, "block", block_type=block_type, name="truth").changed


def test_a_block_holds_another_by_its_name(plain: Server, block_type: str) -> None:
    for name in ("inner", "inner-two"):
        apply(plain, "block", block_type=block_type, name=name, data={"url": "x", "token": "inner-token"})
    holding = {"url": "y", "friend": {"$ref": f"{block_type}/inner"}}
    made = proven(plain, "block", block_type=block_type, name="outer", data=holding)
    assert made.after["data"] == holding
    found = stored(plain, block_type, "outer")
    assert found["friend"] == {"url": "x", "token": "inner-token"}
    assert "inner-token" not in json.dumps(apply(plain, "block", block_type=block_type, name="outer").document)
    changed = proven(
        plain,
        "block",
        block_type=block_type,
        name="outer",
        data={**holding, "friend": {"$ref": f"{block_type}/inner-two"}},
    )
    assert changed.changed
    assert changed.before["data"]["friend"] == {"$ref": f"{block_type}/inner"}
    proven(plain, "block", block_type=block_type, name="outer", data={"url": "y"})
    assert stored(plain, block_type, "outer") == {"url": "y"}


def test_a_circle_is_refused(plain: Server, block_type: str) -> None:
    apply(plain, "block", block_type=block_type, name="ring-a", data={"url": "x"})
    apply(
        plain,
        "block",
        block_type=block_type,
        name="ring-b",
        data={"url": "x", "friend": {"$ref": f"{block_type}/ring-a"}},
    )
    for name in ("ring-a", "ring-b"):
        with pytest.raises(
            PrefectError, match=r"data\.friend names a block that holds .*, which would then hold itself"
        ):
            apply(
                plain,
                "block",
                block_type=block_type,
                name="ring-a",
                data={"url": "x", "friend": {"$ref": f"{block_type}/{name}"}},
            )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"url": "x", "urll": "y"}, r"data\.urll is no field of the schema; there are count, friend"),
        ({}, r"data\.url is required by the schema"),
        ({"url": 5}, r"data\.url must be a text, but is a number; write it in quotes"),
        ({"url": "x", "level": "loud"}, r"data\.level must be one of info, error, but is 'loud'"),
        ({"url": "x", "count": "many"}, r"data\.count must be a whole number or null, but is a text"),
        ({"url": "x", "hosts": ["a", 1]}, r"data\.hosts\[1\] must be a text"),
        ({"url": "x", "nested": {"password": 1}}, r"data\.nested\.password must be a text"),
        ({"url": "x", "token": MASK}, r"data\.token is the mask that is shown for a secret"),
        ({"url": "x", "headers": {"a": MASK}}, r"data\.headers\.a is the mask"),
        ({"url": "x\0"}, r"data\.url must not hold a NUL"),
        ({"url": "x", "friend": {"$ref": "nothing"}}, r"data\.friend must be \{\$ref: block-type/name\}"),
        ({"url": None}, r"data\.url must be a text, but is null"),
        ({"url": "x", "token": {"$ref": "b-thing/held"}}, r"data\.token must be the secret itself"),
        ({"url": "x", "headers": {"$ref": "b-thing/held"}}, r"data\.headers must be the secret itself"),
        (
            {"url": "x", "friend": {"$ref": {"block_document_id": "5"}}},
            r"data\.friend must be \{\$ref: block-type/name\}",
        ),
        (
            {"url": "x", "friend": {"$ref": "b-thing/none"}},
            r"data\.friend names the block 'b-thing/none', which does not exist",
        ),
    ],
)
def test_bad_data_are_refused_with_their_place(
    plain: Server, block_type: str, data: dict[str, t.Any], words: str
) -> None:
    apply(plain, "block", block_type=block_type, name="held", data={"url": "x"})
    with pytest.raises(PrefectError, match=words):
        apply(plain, "block", block_type=block_type, name="bad", data=data)
    assert apply(plain, "block", block_type=block_type, name="bad", state="absent").changed is False


@pytest.mark.parametrize("name", ["Upper", "under_score", "a b", "dot.ted", "ü", ""])
def test_a_name_that_the_server_refuses_is_refused_before(plain: Server, block_type: str, name: str) -> None:
    with pytest.raises(PrefectError, match="name must be lower-case letters, digits and dashes"):
        apply(plain, "block", block_type=block_type, name=name, data={"url": "x"})


def test_what_the_server_holds_against_the_schema_is_left_in_peace(plain: Server, block_type: str) -> None:
    made = apply(plain, "block", block_type=block_type, name="odd", data={"url": "x"}).document
    assert made is not None
    odd = {"url": 5, "extra": "y", "level": "loud"}
    plain.ask("PATCH", f"/block_documents/{made['id']}", {"data": odd, "merge_existing_data": False})
    assert not proven(plain, "block", block_type=block_type, name="odd", data=odd).changed
    with pytest.raises(PrefectError, match=r"data\.extra is no field"):
        apply(plain, "block", block_type=block_type, name="odd", data={**odd, "extra": "z"})


def test_null_is_taken_for_what_is_not_required_as_prefects_own_clients_write_it(
    plain: Server, block_type: str
) -> None:
    data = {"url": "x", "level": None, "hosts": None, "token": None, "nested": {"password": None}}
    assert proven(plain, "block", block_type=block_type, name="nulls", data=data).changed
    assert stored(plain, block_type, "nulls") == data


def test_a_block_keeps_its_schema_until_it_is_given_another(plain: Server) -> None:
    slug = "b-versions"
    apply(plain, "block_type", slug=slug, name=slug)
    with pytest.raises(PrefectError, match="block_type names the block type 'b-versions', which has no schema"):
        apply(plain, "block", block_type=slug, name="one", data={"a": "x"})
    old = {"title": "V", "type": "object", "properties": {"a": {"type": "string"}}}
    new = {
        "title": "V",
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string", "format": "password"}},
    }
    apply(plain, "block_schema", block_type=slug, version="1", fields=old)
    apply(plain, "block", block_type=slug, name="one", data={"a": "x"})
    checksum = apply(plain, "block_schema", block_type=slug, version="2", fields=new).after["checksum"]
    assert not proven(plain, "block", block_type=slug, name="one", data={"a": "x"}).changed
    with pytest.raises(PrefectError, match=r"data\.b is no field of the schema; there are a"):
        apply(plain, "block", block_type=slug, name="one", data={"a": "x", "b": "y"})
    with pytest.raises(
        PrefectError, match="schema_version is not that of a schema of the block type 'b-versions'; there are 1, 2"
    ):
        apply(plain, "block", block_type=slug, name="one", schema_version="3")
    moved = proven(plain, "block", block_type=slug, name="one", schema_version="2")
    assert (moved.changed, moved.after["schema_checksum"], moved.after["data"]) == (True, checksum, {"a": "x"})
    assert proven(plain, "block", block_type=slug, name="one", data={"a": "x", "b": "s-secret"}).changed
    assert proven(plain, "block", block_type=slug, name="two", data={"a": "x"}).after["schema_version"] == "2"


def test_an_export_holds_named_holes_and_is_unchanged_once_they_are_filled(plain: Server, block_type: str) -> None:
    apply(plain, "block", block_type=block_type, name="export", data=WHOLE)
    kind, directory = KINDS["block"], Directory(connect(plain), KINDS)
    document = directory.find("block", (block_type, "export"))
    assert kind.export is not None
    assert document is not None
    item = kind.export(directory, document, kind.declared(directory, document))
    assert item is not None
    names = [f"b-thing/export/{field}" for field in ("token", "nested/password", "headers")]
    assert sorted(_secret.holes(item)) == sorted(names)
    assert MASK not in json.dumps(item)
    assert set(item) == {"block_type", "name", "data"}
    item["data"] = {**item["data"], "token": WHOLE["token"], "nested": WHOLE["nested"], "headers": WHOLE["headers"]}
    assert not apply(plain, "block", **item).changed


def test_many_blocks_are_read_by_pages(plain: Server) -> None:
    for number in range(5):
        apply(plain, "block", block_type="secret", name=f"b-many-{number}", data={"value": f"many-{number}"})
    client = connect(plain)
    asked: list[str] = []
    request = client._request

    def counted(method: str, path: str, *rest: t.Any, **more: t.Any) -> t.Any:
        asked.append(path)
        return request(method, path, *rest, **more)

    client._request = counted  # type: ignore[method-assign]
    directory = Directory(client, KINDS)
    directory.load("block", [("secret", f"b-many-{number}") for number in range(5)])
    kind = KINDS["block"]
    plans = [
        _engine.plan(
            directory,
            "block",
            "present",
            kind.desired({"block_type": "secret", "name": f"b-many-{number}", "data": {"value": f"many-{number}"}}),
        )
        for number in range(5)
    ]
    assert {plan.action for plan in plans} == {"nothing"}
    assert asked == ["/block_documents/filter", "/block_types/slug/secret"]


def test_a_type_its_schema_and_blocks_that_hold_each_other_at_once(plain: Server) -> None:
    slug = "b-at-once"

    def things(token: str) -> dict[str, t.Any]:
        chain = [
            {
                "url": str(number),
                "token": f"{token}-{number}",
                **({"friend": {"$ref": f"{slug}/n-{number - 1}"}} if number else {}),
            }
            for number in range(4)
        ]
        return {
            "blocks": [{"block_type": slug, "name": f"n-{number}", "data": data} for number, data in enumerate(chain)],
            "block_schemas": [{"block_type": slug, "fields": FIELDS}],
            "block_types": [{"slug": slug, "name": slug}],
        }

    def run(declared: dict[str, t.Any], check: bool = False) -> dict[str, t.Any]:
        found = _resources.apply(Directory(connect(plain, check), KINDS), declared)
        assert "at-once-" not in json.dumps(found)
        return found

    predicted, real = run(things("at-once-one"), check=True), run(things("at-once-one"))
    assert json.dumps(predicted["diff"], sort_keys=True) == json.dumps(real["diff"], sort_keys=True)
    assert len(real["kinds"]["blocks"]["created"]) == 4
    assert run(things("at-once-one"))["changed"] is False
    changed = run(things("at-once-two"))
    assert len(changed["kinds"]["blocks"]["changed"]) == 4
    assert changed["diff"]["after"]["blocks"][f"{slug}/n-0"]["data"]["token"] == CHANGED
    assert run({"block_types": [{"slug": slug, "state": "absent"}]})["changed"]


def test_through_ansible(server: Server, playbook: Playbook) -> None:
    def block(title: str, value: str, **keywords: t.Any) -> stack.Task:
        return task(title, "block", block_type="secret", name="b-play", data={"value": value}, **keywords)

    results = playbook(
        server.defaults,
        block("check", "play-secret", on_check_mode=True, on_diff=True),
        block("create", "play-secret"),
        block("again", "play-secret"),
        block("check other", "other-secret", on_check_mode=True, on_diff=True),
        block("other", "other-secret"),
        block("other again", "other-secret"),
        task("info", "block_info", block_type="secret", name="b-play"),
        task("name", "block_info", name="b-play"),
        task("absent", "block", block_type="secret", name="b-play", state="absent"),
    )
    assert [result["changed"] for result in results.values()] == [
        True,
        True,
        False,
        True,
        True,
        False,
        False,
        False,
        True,
    ]
    assert results["check"]["diff"] == results["create"]["diff"]
    assert results["check other"]["diff"] == results["other"]["diff"]
    assert results["other"]["diff"]["after"]["data"] == {"value": CHANGED}
    assert results["info"]["blocks"][0]["data"] == {"value": MASK}
    assert results["name"]["blocks"] == results["info"]["blocks"]
    assert results["create"]["block"]["name"] == "b-play"


SECRETS = ("a-first-Secret-1", "a-second-Secret-2", "a-third-Secret-3", "98712345")


def test_no_secret_is_in_output_at_any_verbosity_nor_in_the_log(plain: Server, block_type: str, tmp_path: Path) -> None:
    def block(title: str, **options: t.Any) -> stack.Task:
        return task(title, "block", **{"block_type": block_type, "name": "quiet", **options}, on_ignore_errors=True)

    # As in a vault: Ansible itself quotes the lines of a playbook that a failed task stands in.
    (tmp_path / "secrets.json").write_text(json.dumps({"hidden": [*SECRETS[:3], int(SECRETS[3])]}), encoding="utf-8")
    one, two, three, number = ("{{ hidden[%d] }}" % index for index in range(4))
    unknown_type = {"block_type": "no-such-type", "data": {"value": one}}
    tasks = [
        block("check", data={"url": "x", "token": one}, on_check_mode=True),
        block("create", data={"url": "x", "token": one, "headers": {"h": two}, "nested": {"password": three}}),
        block("again", data={"url": "x", "token": one, "headers": {"h": two}, "nested": {"password": three}}),
        block("change", data={"url": "x", "token": three, "headers": {"h": one}}),
        block("unknown field", data={"url": "x", "tokn": two}),
        block("wrong type", data={"url": "x", "token": number}),
        block("wrong type inside", data={"url": "x", "token": [one]}),
        block("missing field", data={"token": one}),
        block("no such type", **unknown_type),
        block("bad name", name="BAD_NAME", data={"token": one}),
        block("no such schema", schema_version="99", data={"token": one}),
        block("number", block_type="secret", data={"value": number}),
        block("dictionary", block_type="secret", data={"value": {"k": one, "l": [two]}}),
        block("unknown option", data={"token": one}, tokenn="x"),
        block("not a dictionary", data=f"url=x token={two}"),
        block("no server", api_url="http://127.0.0.1:9/api", data={"token": one}),
        block("no server in check mode", api_url="http://127.0.0.1:9/api", data={"token": one}, on_check_mode=True),
        task("info", "block_info", block_type=block_type),
        block("absent", state="absent", data={"token": one}),
    ]
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": ["secrets.json"],
        "module_defaults": {"group/selfhosted.prefect.prefect": {"retries": 0, **plain.defaults}},
        "tasks": tasks,
    }
    (tmp_path / "playbook.yml").write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible-playbook")),
            *("--inventory", "localhost,", "--connection", "local", "-vvv", "--diff", "playbook.yml"),
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**stack.clean_environment(), "ANSIBLE_STDOUT_CALLBACK": "default", "ANSIBLE_LOG_PATH": "ansible.log"},
        timeout=stack.COMMAND_TIMEOUT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    output = done.stdout + done.stderr + (tmp_path / "ansible.log").read_text(encoding="utf-8")
    for secret in SECRETS:
        assert secret not in output
    # The rest is readable: nothing but secrets is hidden.
    assert "b-thing" in output
    assert '"url": "x"' in output
    assert "data.tokn is no field of the schema" in output
    assert "data.token must be a text, but is a number" in output
    assert "failed=0" in output


def test_the_module_tells_the_system_log_nothing_secret(plain: Server, block_type: str, tmp_path: Path) -> None:
    written = tmp_path / "log"
    play = f"""
import json, sys
from unittest.mock import patch
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.selfhosted.prefect.plugins.modules import block
options = {{"api_url": "{plain.url}", "block_type": "{block_type}", "name": "logged", "data": {{"url": "x", "token": "{SECRETS[0]}"}}}}
def log(self, text, log_args=None):
    open({str(written)!r}, "a").write(repr((text, log_args)))
with patch_module_args(options), patch.object(basic.AnsibleModule, "log", log):
    block.main()
"""
    done = subprocess.run(
        [sys.executable, "-c", play],
        check=False,
        capture_output=True,
        text=True,
        env={**stack.clean_environment(), "PYTHONPATH": str(stack.ROOT / ".venv/collections")},
        timeout=stack.COMMAND_TIMEOUT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    log = written.read_text(encoding="utf-8")
    assert "block_type" in log
    assert SECRETS[0] not in log + done.stdout + done.stderr


def test_an_exported_secret_is_a_hole_that_keeps_what_is_stored(plain: Server) -> None:
    declared: dict[str, t.Any] = {"block_type": "secret", "name": "holed", "data": {"value": "kept-in-the-server"}}
    apply(plain, "block", **declared)
    directory = Directory(connect(plain), KINDS)
    exported = next(
        item for item in _resources.export(directory, [KINDS["block"]])["blocks"] if item["name"] == "holed"
    )
    assert "kept-in-the-server" not in str(exported)
    assert exported["data"] == {"value": "{{ prefect_secrets['secret/holed/value'] }}"}
    assert not apply(plain, "block", **exported).changed
    held = plain.ask("GET", "/block_types/slug/secret/block_documents/name/holed?include_secrets=true")
    assert held["data"] == {"value": "kept-in-the-server"}
    with pytest.raises(PrefectError, match=r"data.value is the hole that an export left .* prefect_secrets"):
        apply(plain, "block", **{**exported, "name": "holed-elsewhere"})


def test_only_the_holes_of_an_export_are_holes(plain: Server, block_type: str) -> None:
    crafted = "{{ prefect_secrets['b-thing/crafted/token'] }}"
    data = {"url": crafted, "token": "crafted-token", "hosts": [crafted]}
    apply(plain, "block", block_type=block_type, name="crafted", data={**data, "url": "x", "hosts": []})
    made = plain.ask("GET", f"/block_types/slug/{block_type}/block_documents/name/crafted")
    # Through this collection such a text would be taken for a hole.
    plain.ask("PATCH", f"/block_documents/{made['id']}", {"data": data, "merge_existing_data": False})
    apply(plain, "variable", name="crafted", value=crafted)
    found = _resources.export(Directory(connect(plain), KINDS), [KINDS["block"], KINDS["variable"]])
    items = {noun: [item for item in found[noun] if item["name"] == "crafted"] for noun in ("blocks", "variables")}
    assert _secret.holes(items) == ["b-thing/crafted/token"]
    written = to_declaration(items, _secret.holes(items))
    assert written.count("!unsafe") == 3
    live = [line.strip() for line in written.splitlines() if "prefect_secrets" in line and "!unsafe" not in line]
    assert len(live) == 1
    assert live[0].startswith("token: ")


def test_a_schema_that_a_client_brought_to_one_of_prefects_types_is_exported(plain: Server) -> None:
    slug = "discord-webhook"
    fields = {
        "title": "Newer",
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "block_type_slug": slug,
        "secret_fields": [],
    }
    apply(plain, "block", block_type=slug, name="ours", data={"webhook_id": "1", "webhook_token": "t"})
    made = apply(plain, "block_schema", block_type=slug, version="99.0", fields=fields).after
    apply(plain, "block", block_type=slug, name="theirs", data={"a": "x"})
    kinds = [KINDS["block_schema"], KINDS["block"]]
    found = _resources.export(Directory(connect(plain), KINDS), kinds)
    theirs = next(item for item in found["blocks"] if (item["block_type"], item["name"]) == (slug, "theirs"))
    assert (theirs["schema_version"], theirs["schema_checksum"]) == ("99.0", made["checksum"])
    assert [item["version"] for item in found["block_schemas"] if item["block_type"] == slug] == ["99.0"]
    result = _resources.apply(Directory(connect(plain, read_only=True), KINDS), found)
    assert not result["changed"], result["diff"]
    apply(plain, "block_schema", block_type=slug, version="99.0", checksum=made["checksum"], state="absent")
    with pytest.raises(PrefectError, match="schema_(version|checksum) is not that of a schema"):
        apply(plain, "block", **theirs)
