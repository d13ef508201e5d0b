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
    _block,
    _block_schema,
    _block_type,
    _concurrency,
    _deployment,
    _result_storage,
    _schedule,
    _variable,
    _work_pool,
    _work_queue,
)
from ansible_collections.selfhosted.prefect.plugins.module_utils._kind import Field, Filter, Kind
from ansible_collections.selfhosted.prefect.plugins.module_utils._values import (
    blank_is_none,
    in_order,
    parse_json,
    parse_limit,
    parse_name,
    parse_tags,
    parse_text,
    parse_whole,
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
    judge=_work_pool.judge,
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
    part_of=True,
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
    export=_work_queue.export,
    settle=_work_queue.settle,
    judge=_work_queue.judge,
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
        Field("value", type="raw", takes_null=True, parse=_variable.parse_value),
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
    further_paths=("/concurrency_limits/tag/{tag}/reset",),
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
    refers=tuple(_automation.RESOURCES),
    resolve=_automation.resolve,
    prepare=_automation.prepare,
    create=_automation.create,
    export=_automation.export,
    update=_automation.update,
    update_method="PUT",
    create_model="AutomationCreate",
    update_model="AutomationUpdate",
    left_out={"owner_resource": "Ties an automation to a deployment, which then replaces it: Prefect's own use"},
)

BLOCK_TYPE = Kind(
    noun="block_type",
    label="block type",
    collection="/block_types/",
    item="/block_types/{id}",
    lookup="/block_types/slug/{slug}",
    listing="/block_types/filter",
    by_name="block_types.slug.any_",
    key=("slug",),
    fields=(
        Field("slug", updatable=False, parse=_block_type.parse_slug),
        Field(
            "name",
            updatable=False,
            parse=_block_type.parse_name,
            way_out=(
                "Prefect cannot rename a block type. Make another one, or remove this one first with state=absent, which"
                " also removes its schemas and all of its blocks"
            ),
        ),
        *(
            Field(
                option,
                null="",
                default=None,
                parse=_block_type.parse_url if option.endswith("_url") else parse_text,
                normalise=_block_type.without_escapes,
                decode=_block_type.decode_text(option),
            )
            for option in ("description", "code_example", "logo_url", "documentation_url")
        ),
    ),
    filters=(Filter("name_like", "block_types.name.like_"),),
    required_on_create=("name",),
    system=_block_type.is_system,
    protected=_block_type.why_kept,
    create_model="BlockTypeCreate",
    update_model="BlockTypeUpdate",
)

BLOCK_SCHEMA = Kind(
    noun="block_schema",
    label="block schema",
    collection="/block_schemas/",
    item="/block_schemas/{id}",
    lookup="",
    listing="/block_schemas/filter",
    by_id="block_schemas.id.any_",
    key=("block_type", "version", "checksum"),
    derived=("version", "checksum"),
    fields=(
        Field(
            "block_type",
            api="block_type_id",
            updatable=False,
            refers="block_type",
            by_id=True,
            parse=_block_type.parse_slug,
            decode=_block_schema.decode_type,
        ),
        Field("version", updatable=False, default=_block_schema.NO_VERSION, parse=parse_text),
        Field("checksum", updatable=False, in_path=True, parse=_block_schema.parse_checksum),
        Field(
            "fields",
            type="dict",
            updatable=False,
            way_out=_block_schema.WAY_OUT,
            parse=_block_schema.parse_fields,
            normalise=_block_schema.normal_fields,
            decode=_block_schema.decode_fields,
        ),
        Field(
            "capabilities",
            type="list",
            elements="str",
            updatable=False,
            way_out=_block_schema.WAY_OUT,
            default=[],
            parse=parse_tags,
            decode=_block_schema.decode_capabilities,
        ),
    ),
    filters=(Filter("capabilities", "block_schemas.block_capabilities.all_", "list", "str"),),
    required_on_create=("fields",),
    derive=_block_schema.derive,
    check=_block_schema.check,
    resolve=_block_schema.resolve,
    load=_block_schema.load,
    create=_block_schema.create,
    export=_block_schema.export,
    system=_block_schema.is_system,
    protected=_block_schema.why_kept,
    create_model="BlockSchemaCreate",
    update_model="",
)

BLOCK = Kind(
    noun="block",
    label="block",
    collection="/block_documents/",
    item="/block_documents/{id}",
    lookup="",
    listing="/block_documents/filter",
    listing_body=_block.LISTING_BODY,
    by_id="block_documents.id.any_",
    key=("block_type", "name"),
    fields=(
        Field(
            "block_type",
            api="block_type_id",
            updatable=False,
            refers="block_type",
            by_id=True,
            parse=_block_type.parse_slug,
            decode=_block_schema.decode_type,
        ),
        Field("name", updatable=False, parse=_block_type.parse_slug),
        Field("data", type="dict", no_log=True, parse=_block.parse_data, force=_block.always),
        Field("schema_version", in_path=True, parse=parse_text, decode=_block.decode_schema("version")),
        Field(
            "schema_checksum",
            in_path=True,
            parse=_block_schema.parse_checksum,
            decode=_block.decode_schema("checksum"),
        ),
    ),
    inputs=(Field("update_secrets", choices=(_block.CHANGED, _block.ALWAYS, _block.ON_CREATE), no_log=False),),
    filters=(
        Filter("name_like", "block_documents.name.like_"),
        Filter("capabilities", "block_schemas.block_capabilities.all_", "list", "str"),
    ),
    references=_block.references,
    refers=("block",),
    resolve=_block.resolve,
    load=_block.load,
    prepare=_block.prepare,
    create=_block.create,
    update=_block.update,
    shown=_block.shown,
    export=_block.export,
    create_model="BlockDocumentCreate",
    update_model="BlockDocumentUpdate",
    left_out={
        "block_schema_id": "Is chosen by schema_version and schema_checksum, because ids differ between servers",
        "is_anonymous": "Marks blocks that Prefect makes for itself",
        "merge_existing_data": "Declared data are the whole truth, so they always replace",
    },
)

RESULT_STORAGE = Kind(
    noun="result_storage",
    label="default result storage",
    plural="result_storage",
    collection="/admin/storage",
    item="/admin/storage",
    lookup="",
    key=(),
    fields=(Field("block", api="default_result_storage_block_id", refers="block", by_id=True),),
    required_on_create=("block",),
    resolve=_result_storage.resolve,
    load=_result_storage.load,
    prepare=_result_storage.prepare,
    create=_result_storage.create,
    update=_result_storage.update,
    create_model="",
    update_model="ServerDefaultResultStorageUpdate",
)

DEPLOYMENT = Kind(
    noun="deployment",
    label="deployment",
    collection="/deployments/",
    item="/deployments/{id}",
    lookup="/deployments/name/{flow}/{name}",
    listing="/deployments/filter",
    by_name="deployments.name.any_",
    by_id="deployments.id.any_",
    key=("flow", "name"),
    fields=(
        Field("flow", api="flow_id", updatable=False, refers="flow", by_id=True, parse=parse_name),
        Field("name", updatable=False, parse=parse_name),
        Field("description", null="", default=None, normalise=blank_is_none, parse=parse_text),
        Field("version", null="", default=None, normalise=blank_is_none, parse=parse_text),
        Field("tags", type="list", elements="str", default=[], parse=parse_tags, normalise=in_order),
        Field(
            "labels",
            type="dict",
            updatable=False,
            default={},
            parse=_deployment.parse_labels,
            decode=_deployment.decode_labels,
            way_out=(
                "Prefect sets labels only when a deployment is created, and a label that its flow has is not its own. Leave"
                " labels out, or remove the deployment with state=absent first, which also removes its scheduled runs"
            ),
        ),
        Field("paused", type="bool", default=False),
        Field("entrypoint", null="", default=None, normalise=blank_is_none, parse=parse_text),
        Field("path", null="", default=None, normalise=blank_is_none, parse=parse_text),
        Field(
            "pull_steps",
            type="list",
            elements="dict",
            default=[],
            parse=_deployment.parse_pull_steps,
            decode=_deployment.decode_pull_steps,
        ),
        Field(
            "storage_block",
            api="storage_document_id",
            null="",
            default=None,
            refers="block",
            by_id=True,
            parse=parse_text,
        ),
        Field("parameters", type="dict", default={}, parse=parse_json),
        Field(
            "parameter_openapi_schema",
            type="dict",
            default={},
            parse=parse_json,
            normalise=_deployment.comparable_schema,
            decode=_deployment.decode_schema,
        ),
        Field("enforce_parameter_schema", type="bool", default=True),
        Field("work_pool", api="work_pool_name", null="", default=None, refers="work_pool", parse=parse_name),
        Field(
            "work_queue",
            api="work_queue_name",
            null="",
            default=None,
            parse=parse_name,
            decode=_deployment.decode_work_queue,
        ),
        Field("job_variables", type="dict", default={}, parse=parse_json),
        Field(
            "concurrency_limit",
            null="none",
            default=None,
            parse=_deployment.parse_own_limit,
            decode=_deployment.decode_limit,
        ),
        Field(
            "global_concurrency_limit",
            api="global_concurrency_limit_id",
            null="",
            default=None,
            refers="global_concurrency_limit",
            by_id=True,
            parse=parse_text,
            decode=_deployment.decode_global_limit,
        ),
        Field(
            "concurrency_options",
            type="dict",
            default={},
            options={
                "collision_strategy": {"type": "str", "choices": list(_deployment.STRATEGIES)},
                "grace_period_seconds": {"type": "int"},
            },
            parse=_deployment.parse_concurrency_options,
            encode=_deployment.encode_concurrency_options,
            decode=_deployment.decode_concurrency_options,
        ),
        Field(
            "schedules",
            type="list",
            elements="dict",
            options=_schedule.SPEC,
            default=[],
            parse=_schedule.parse_list,
            normalise=_schedule.comparable,
            encode=_schedule.encode_list,
            decode=_schedule.decode_list,
        ),
    ),
    filters=(
        Filter("name_like", "deployments.name.like_"),
        Filter("tags", "deployments.tags.all_", "list", "str"),
        Filter("paused", "deployments.paused.eq_", "bool"),
        Filter("work_pools", "work_pools.name.any_", "list", "str"),
    ),
    check=_deployment.check,
    references=_deployment.references,
    refers=("work_queue",),
    implies=_deployment.implies,
    claims=_deployment.claims,
    resolve=_deployment.resolve,
    judge=_deployment.judge,
    prepare=_deployment.prepare,
    create=_deployment.create,
    update=_deployment.update,
    delete=_deployment.delete,
    export=_deployment.export,
    create_model="DeploymentCreate",
    update_model="DeploymentUpdate",
    left_out={
        "infrastructure_document_id": "Belongs to infrastructure blocks, which work pools have replaced in Prefect 3",
        "version_info": "Belongs to versions of deployments, which only Prefect Cloud keeps",
    },
)

DEPLOYMENT_SCHEDULE = Kind(
    noun="deployment_schedule",
    label="schedule",
    collection="/deployments/{id}/schedules",
    item="/deployments/{deployment_id}/schedules/{id}",
    lookup="",
    load=_schedule.load,
    key=("deployment", "slug"),
    part_of=True,
    fields=(
        Field(
            "deployment",
            api="deployment_id",
            updatable=False,
            refers="deployment",
            by_id=True,
            in_path=True,
            parse=_schedule.parse_deployment,
        ),
        Field("slug", parse=_schedule.parse_slug),
        *(
            Field(
                option,
                type=_schedule.OPTIONS[option][0]["type"],
                api="schedule",
                null="",
                parse=_schedule.OPTIONS[option][1],
                decode=_schedule.of_schedule(option),
            )
            for option in ("cron", "day_or", "interval", "anchor_date", "rrule", "timezone")
        ),
        Field("active", type="bool", default=True),
        Field("max_scheduled_runs", null="none", default=None, parse=_schedule.parse_max_scheduled_runs),
        Field("parameters", type="dict", default={}, parse=_schedule.parse_parameters),
    ),
    check=_schedule.check,
    resolve=_schedule.resolve,
    encode=_schedule.encode_options,
    judge=_schedule.judge_plans,
    create=_schedule.create,
    update=_schedule.update,
    delete=_schedule.delete,
    export=_schedule.not_exported,
    lane=_schedule.lane,
    create_model="DeploymentScheduleCreate",
    update_model="DeploymentScheduleUpdate",
    left_out={"replaces": "Gives a schedule another slug, which makes it another schedule here"},
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
        BLOCK_TYPE,
        BLOCK_SCHEMA,
        BLOCK,
        RESULT_STORAGE,
        DEPLOYMENT,
        DEPLOYMENT_SCHEDULE,
        AUTOMATION,
    )
}
"""Every kind of object this collection manages, in an order in which what is named comes before what names it."""
