# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared wrongly is told with its place before anything at all is written."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils import _resources
from ansible_collections.selfhosted.prefect.plugins.module_utils._catalog import KINDS
from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError
from ansible_collections.selfhosted.prefect.tests.integration.apply import apply, connect
from ansible_collections.selfhosted.prefect.tests.integration.stack import Server

Json = dict[str, t.Any]

pytestmark = pytest.mark.once

LISTINGS = (
    "/work_pools/filter",
    "/work_queues/filter",
    "/variables/filter",
    "/v2/concurrency_limits/filter",
    "/flows/filter",
    "/deployments/filter",
    "/block_types/filter",
    "/block_schemas/filter",
    "/block_documents/filter",
    "/automations/filter",
)
"""All that a server lists; limits of tags are among the limits, schedules in the deployments."""

CHANGING = {"updated", "last_polled", "status"}


def everything(server: Server) -> Json:
    """Return all that a server holds, without what changes by itself."""
    found: Json = {}
    for path in LISTINGS:
        listed: list[Json] = []
        while page := server.ask("POST", path, {"limit": 200, "offset": len(listed)}):
            listed += page
        held = [{name: value for name, value in one.items() if name not in CHANGING} for one in listed]
        found[path] = sorted(held, key=lambda one: str(one["id"]))
    return found


TRIGGER = {"posture": "Reactive", "expect": ["a"]}
GOOD: Json = {
    "variables": [{"name": "good", "value": 1}],
    "work_pools": [{"name": "good", "type": "process"}],
    "flows": [{"name": "good"}],
}
"""Stands beside each mistake, and must not be written either."""


def template(**properties: t.Any) -> Json:
    return {"job_configuration": {"command": "a"}, "variables": {"type": "object", "properties": properties}}


def deployments(count: int, **last: t.Any) -> Json:
    """Declare deployments of which the last is wrong."""
    listed: list[Json] = [{"flow": "good", "name": f"d-{number}"} for number in range(count)]
    return {"deployments": [*listed, {"flow": "good", "name": "wrong", **last}]}


def automation(name: str = "a", **options: t.Any) -> Json:
    return {"name": name, "trigger": TRIGGER, "actions": [{"type": "do-nothing"}], **options}


WRONG: dict[str, tuple[Json, str]] = {
    "type": (
        {"work_pools": [{"name": "a", "type": "process", "paused": "perhaps"}]},
        "work_pools[0]: argument 'paused'",
    ),
    "number": (
        {"global_concurrency_limits": [{"name": "a", "limit": 1}, {"name": "b", "limit": "many"}]},
        "global_concurrency_limits[1]: argument 'limit'",
    ),
    "cron and interval": (
        deployments(17, schedules=[{"cron": "0 6 * * *", "interval": 60}]),
        "deployments[17].schedules[0] must have exactly one of cron, interval and rrule, but has cron and interval",
    ),
    "no cron": (
        deployments(17, schedules=[{"slug": "a", "cron": "0 6 * * *"}, {"cron": "every day"}]),
        "deployments[17].schedules[1].cron ",
    ),
    "unknown timezone": (
        deployments(2, schedules=[{"cron": "0 6 * * *", "timezone": "Europe/Atlantis"}]),
        "deployments[2].schedules[0].timezone ",
    ),
    "no rule": (deployments(0, schedules=[{"rrule": "FREQ=SOMETIMES"}]), "deployments[0].schedules[0].rrule "),
    "schedules no list": (deployments(1, schedules={"cron": "0 6 * * *"}), "deployments[1]"),
    "slug twice": (
        deployments(0, schedules=[{"slug": "a", "interval": 60}, {"slug": "a", "interval": 90}]),
        "deployments[0].schedules[1].slug is 'a', as it is in schedules[0]",
    ),
    "schedule of its own, cron and interval": (
        {
            **deployments(0),
            "deployment_schedules": [{"deployment": "good/wrong", "slug": "a", "cron": "0 6 * * *", "interval": 60}],
        },
        "deployment_schedules[0] must have exactly one of cron, interval and rrule",
    ),
    "unknown pool": (
        deployments(3, work_pool="nowhere"),
        "deployments[3].work_pool names the work pool 'nowhere', which does not exist",
    ),
    "unknown queue": (
        deployments(0, work_pool="good", work_queue="nowhere"),
        "deployments[0].work_queue names the work queue 'good/nowhere', which does not exist",
    ),
    "pool of a queue": (
        {"work_queues": [{"work_pool": "nowhere", "name": "a"}]},
        "work_queues[0].work_pool names the work pool 'nowhere', which does not exist",
    ),
    "unknown deployment": (
        {"automations": [automation(actions=[{"type": "run-deployment", "deployment": "no/where"}])]},
        "automations[0].actions[0].deployment names the deployment 'no/where', which does not exist",
    ),
    "half a name": (
        {"automations": [automation(actions=[{"type": "run-deployment", "deployment": "half"}])]},
        "automations[0].actions[0].deployment must name a deployment as flow/name, but is 'half'",
    ),
    "what is to go": (
        {
            "work_pools": [{"name": "gone", "state": "absent"}],
            "work_queues": [{"work_pool": "gone", "name": "a"}],
        },
        "work_queues[0].work_pool names the work pool 'gone', which work_pools[0] declares absent",
    ),
    "circle": (
        {
            "automations": [
                automation("a", actions=[{"type": "pause-automation", "automation": "b"}]),
                automation("b", actions=[{"type": "pause-automation", "automation": "a"}]),
            ]
        },
        "automations[0].actions[0].automation is part of a circle of automations that name each other: a -> b",
    ),
    "dictionary": ({"deployments": {"good": {"flow": "good"}}}, "deployments must be a list of deployments, but is a"),
    "duplicate": (
        {"variables": [{"name": "good", "value": 1}, {"name": "b", "value": 1}, {"name": "good", "value": 2}]},
        "variables[2] declares the variable 'good', as variables[0] does",
    ),
    "no schema": (
        {"work_pools": [{"name": "a", "type": "process", "base_job_template": template(a={"type": "strin"})}]},
        "work_pools[0].base_job_template.variables is no JSON schema that Prefect can read: Invalid schema: ",
    ),
    "no field": (
        {"work_pools": [{"name": "a", "type": "process", "base_job_template": template(a=7)}]},
        "work_pools[0].base_job_template.variables.properties.a must be a dictionary",
    ),
    "undeclared job variable": (
        {
            "work_pools": [
                {
                    "name": "a",
                    "type": "process",
                    "base_job_template": {**template(a={}), "job_configuration": {"command": "{{ b }}"}},
                }
            ]
        },
        "work_pools[0].base_job_template.job_configuration uses job variables that variables.properties does not have: b",
    ),
    "unknown type": ({"work_pools": [{"name": "a", "type": "dokcer"}]}, "work_pools[0].type 'dokcer' is not known"),
    "jinja": (
        {
            "block_types": [{"slug": "w", "name": "w"}],
            "automations": [automation(actions=[{"type": "send-notification", "block": "w/w", "body": "{{ a"}])],
        },
        "automations[0].actions[0]",
    ),
    "unknown block type": (
        {"blocks": [{"block_type": "nowhere", "name": "a", "data": {}}]},
        "blocks[0].block_type names the block type 'nowhere', which does not exist",
    ),
    "data of a block": (
        {"blocks": [{"block_type": "secret", "name": "a", "data": {"valeu": "a"}}]},
        "blocks[0].data.valeu is no field of the schema; there are value",
    ),
}


@pytest.fixture
def before(plain: Server) -> t.Iterator[Json]:
    """Give all that the server holds before, and hold it against what it holds after."""
    held = everything(plain)
    yield held
    after = everything(plain)
    assert after == held


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize("check", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_among_many_objects_is_told_with_its_place(plain: Server, mistake: str, check: bool) -> None:
    declared, words = WRONG[mistake]
    both = {
        plural: [*declared[plural], *GOOD.get(plural, [])]
        if mistake != "duplicate" and isinstance(declared.get(plural), list)
        else declared.get(plural, GOOD.get(plural))
        for plural in {**GOOD, **declared}
    }
    with pytest.raises(PrefectError) as told:
        _resources.apply(Directory(connect(plain, check), KINDS), both)
    errors = told.value.details["errors"]
    assert any(error.startswith(words) for error in errors), errors
    assert len(errors) <= 2, errors
    assert "Nothing was changed" in told.value.message


ALONE = [
    mistake
    for mistake, (declared, words) in WRONG.items()
    if len(declared) == 1 and "]." in words.partition(" ")[0] and mistake not in ("circle", "unknown queue")
]
"""Those that one object can hold, and that Ansible does not see by itself."""


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize("mistake", ALONE)
def test_the_same_mistake_in_one_object_is_told_with_its_place_in_it(plain: Server, mistake: str) -> None:
    declared, words = WRONG[mistake]
    ((plural, listed),) = declared.items()
    noun = next(kind.noun for kind in KINDS.values() if kind.many == plural)
    with pytest.raises(PrefectError) as told:
        apply(plain, noun, **listed[-1])
    assert told.value.message.startswith(words.partition("].")[2]), told.value.message


def test_a_template_that_replaces_another_is_judged_too(plain: Server) -> None:
    apply(plain, "work_pool", name="judged", type="process", base_job_template=template(a={"type": "string"}))
    held = everything(plain)
    for check in (True, False):
        with pytest.raises(PrefectError, match=r"^base_job_template\.variables is no JSON schema"):
            apply(plain, "work_pool", check=check, name="judged", base_job_template=template(a={"type": 7}))
    assert everything(plain) == held
    apply(plain, "work_pool", name="judged", state="absent")
