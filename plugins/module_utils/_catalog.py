# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every kind of API object this collection manages (private: not for use outside this collection).

One entry serves the argument spec, the engine, the info module, the modules for the whole server, and the test that holds
the options against the server's OpenAPI document. A new kind of object is one more entry here, and its documentation in
``plugins/modules``. What an entry needs beyond words stands in a file of the kind's own.
"""

from __future__ import annotations

import typing as t

from ansible_collections.selfhosted.prefect.plugins.module_utils import (
    _automation,
    _concurrency,
    _variable,
    _work_pool,
    _work_queue,
)
from ansible_collections.selfhosted.prefect.plugins.module_utils._kind import Field, Filter, Kind
from ansible_collections.selfhosted.prefect.plugins.module_utils._values import (
    blank_is_none,
    in_order,
    parse_limit,
    parse_name,
    parse_tags,
    parse_text,
    parse_whole,
    with_kinds_of_number,
)

WORK_POOL = Kind(
    noun="work_pool",
    label="work pool",
    collection="/work_pools/",
    item="/work_pools/{name}",
    listing="/work_pools/filter",
    by_name="work_pools.name.any_",
    by_id="work_pools.id.any_",
    fields=(
        Field("name", updatable=False, parse=parse_name),
        Field(
            "type",
            updatable=False,
            parse=parse_text,
            way_out=(
                "Prefect cannot change a work pool's type. Either give the new work pool another name and point the"
                " deployments to it, or remove this one first with state=absent. Removing it also removes its work"
                " queues and worker records, and its deployments are left without a work pool"
            ),
        ),
        Field("description", null="", default=None, normalise=blank_is_none, parse=parse_text),
        Field("paused", type="bool", api="is_paused", default=False),
        Field("concurrency_limit", null="none", default=None, parse=parse_limit),
        Field("base_job_template", type="dict", default={}),
    ),
    inputs=(Field("job_variable_defaults", type="dict"),),
    filters=(Filter("type", "work_pools.type.any_", "list", "str"),),
    required_on_create=("type",),
    exclusive=(("base_job_template", "job_variable_defaults"),),
    check=_work_pool.check,
    resolve=_work_pool.resolve,
    create_model="WorkPoolCreate",
    update_model="WorkPoolUpdate",
    # The server makes a default queue along with a work pool.
    brings=lambda key: [("work_queue", (key[0], "default"))],
    left_out={
        "storage_configuration": "Belongs to Prefect's own bundle storage, which this collection does not set up"
    },
)

WORK_QUEUE = Kind(
    noun="work_queue",
    label="work queue",
    collection="/work_pools/{work_pool}/queues",
    item="/work_pools/{work_pool}/queues/{name}",
    listing="/work_queues/filter",
    by_name="work_queues.name.any_",
    by_id="work_queues.id.any_",
    key=("work_pool", "name"),
    fields=(
        Field("work_pool", api="work_pool_name", updatable=False, refers="work_pool", in_path=True),
        Field("name", updatable=False, parse=parse_name),
        Field("description", default="", decode=_work_queue.decode_description, parse=parse_text),
        Field("paused", type="bool", api="is_paused", default=False),
        Field("concurrency_limit", null="none", default=None, parse=parse_limit),
        Field("priority", type="int", parse=_work_queue.parse_priority),
    ),
    defaults=_work_queue.defaults,
    system=_work_queue.is_default,
    protected=_work_queue.why_kept,
    settle=_work_queue.settle,
    lane=_work_queue.lane,
    rank=_work_queue.rank,
    create_model="WorkQueueCreate",
    update_model="WorkQueueUpdate",
    left_out={
        "filter": "Belongs to agents, which Prefect 3 does not have",
        "last_polled": "Is set by workers",
    },
)

VARIABLE = Kind(
    noun="variable",
    label="variable",
    collection="/variables/",
    item="/variables/name/{name}",
    listing="/variables/filter",
    by_name="variables.name.any_",
    by_id="variables.id.any_",
    fields=(
        Field("name", updatable=False, parse=_variable.parse_name),
        Field(
            "value", type="raw", takes_null=True, parse=_variable.parse_value, normalise=with_kinds_of_number
        ),
        Field("tags", type="list", elements="str", default=[], parse=parse_tags, normalise=in_order),
    ),
    filters=(
        Filter("name_like", "variables.name.like_"),
        Filter("tags", "variables.tags.all_", "list", "str"),
    ),
    required_on_create=("value",),
    create_model="VariableCreate",
    update_model="VariableUpdate",
)

GLOBAL_CONCURRENCY_LIMIT = Kind(
    noun="global_concurrency_limit",
    label="global concurrency limit",
    collection="/v2/concurrency_limits/",
    item="/v2/concurrency_limits/{id}",
    # By name the server would take one that looks like an id for an id.
    lookup="",
    listing="/v2/concurrency_limits/filter",
    fields=(
        Field("name", updatable=False, parse=_concurrency.parse_global_name),
        Field("limit", type="int", parse=parse_whole),
        Field("active", type="bool", default=True),
        Field("slot_decay_per_second", type="float", default=0.0, parse=_concurrency.parse_decay),
        Field("active_slots", type="int", default=0, volatile=True, parse=parse_whole),
    ),
    required_on_create=("limit",),
    belongs=_concurrency.is_global,
    create_model="ConcurrencyLimitV2Create",
    update_model="ConcurrencyLimitV2Update",
    left_out={"denied_slots": "Is counted by the server, which never returns it"},
)

TASK_RUN_CONCURRENCY_LIMIT = Kind(
    noun="task_run_concurrency_limit",
    label="task run concurrency limit",
    collection="/concurrency_limits/",
    item="/concurrency_limits/tag/{tag}",
    # The kind's own listing leaves out what stands behind the first page of global limits (3.8.8).
    load=_concurrency.load_task_run_limits,
    key=("tag",),
    fields=(
        Field("tag", updatable=False, parse=_concurrency.parse_tag),
        Field("limit", type="int", api="concurrency_limit", parse=parse_whole),
    ),
    inputs=(Field("reset", type="bool"),),
    required_on_create=("limit",),
    update=_concurrency.update_task_run_limit,
    after=_concurrency.reset,
    create_model="ConcurrencyLimitCreate",
    update_model="",
)

FLOW = Kind(
    noun="flow",
    label="flow",
    collection="/flows/",
    item="/flows/{id}",
    lookup="/flows/name/{name}",
    listing="/flows/filter",
    by_name="flows.name.any_",
    by_id="flows.id.any_",
    fields=(
        Field("name", updatable=False, parse=parse_name),
        Field("tags", type="list", elements="str", default=[], parse=parse_tags, normalise=in_order),
    ),
    filters=(
        Filter("name_like", "flows.name.like_"),
        Filter("tags", "flows.tags.all_", "list", "str"),
    ),
    create_model="FlowCreate",
    update_model="FlowUpdate",
    left_out={"labels": "Are set by the client that registers the flow, and cannot be changed"},
)

AUTOMATION = Kind(
    noun="automation",
    label="automation",
    collection="/automations/",
    item="/automations/{id}",
    # Names are not unique, so that only the listing knows all of one name. It takes no ids before Prefect 3.8.
    lookup="",
    listing="/automations/filter",
    by_name="automations.name.any_",
    fields=(
        Field("name", updatable=False, parse=_automation.parse_name),
        Field("description", default="", parse=parse_text),
        Field("enabled", type="bool", default=True),
        Field("tags", type="list", elements="str", default=[], parse=parse_tags, decode=_automation.decode_tags),
        Field(
            "trigger",
            type="dict",
            parse=_automation.parse_trigger,
            encode=_automation.encode_trigger,
            decode=_automation.decode_trigger,
        ),
        *(
            Field(
                option,
                type="list",
                elements="dict",
                default=[],
                parse=_automation.parse_actions,
                encode=_automation.encode_actions(option),
                decode=_automation.decode_actions(option),
            )
            for option in _automation.ACTION_OPTIONS
        ),
    ),
    filters=(Filter("tags", "automations.tags.all_", "list", "str"),),
    required_on_create=("trigger", "actions"),
    references=_automation.references,
    resolve=_automation.resolve,
    prepare=_automation.prepare,
    create=_automation.create,
    update=_automation.update,
    update_method="PUT",
    create_model="AutomationCreate",
    update_model="AutomationUpdate",
    left_out={"owner_resource": "Ties an automation to a deployment, which then replaces it: Prefect's own use"},
)

KINDS: t.Dict[str, Kind] = {
    kind.noun: kind
    for kind in (
        WORK_POOL,
        WORK_QUEUE,
        VARIABLE,
        GLOBAL_CONCURRENCY_LIMIT,
        TASK_RUN_CONCURRENCY_LIMIT,
        FLOW,
        AUTOMATION,
    )
}
"""Every kind of object this collection manages, in an order in which what is named comes before what names it."""
