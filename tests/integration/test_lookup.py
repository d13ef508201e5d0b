# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookups against real servers, in a playbook's expressions."""

from __future__ import annotations

import typing as t

from ansible_collections.selfhosted.prefect.tests.integration.apply import apply
from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, Task

VALUE = {"number": 5, "text": "5", "list": [1.5, None, True]}


def shown(title: str, expression: str, **keywords: t.Any) -> Task:
    return {"name": title, "ansible.builtin.debug": {"msg": "{{ %s }}" % expression}, **keywords}


def variables(server: Server) -> dict[str, t.Any]:
    return {f"prefect_{name if name.startswith('api_') else 'api_' + name}": v for name, v in server.defaults.items()}


def test_variables_and_blocks_by_name(server: Server, playbook: Playbook) -> None:
    apply(server, "variable", name="lookup_one", value=VALUE)
    apply(server, "variable", name="lookup_two", value="text")
    apply(server, "variable", name="lookup_null", value=None)
    apply(server, "block", block_type="aws-credentials", name="lookup-in", data={"aws_secret_access_key": "lookup-key"})
    inside = {"bucket_name": "b", "credentials": {"$ref": "aws-credentials/lookup-in"}}
    apply(server, "block", block_type="s3-bucket", name="lookup-out", data=inside)
    given = {"vars": variables(server)}
    variable, block = "lookup('selfhosted.prefect.variable', ", "lookup('selfhosted.prefect.block', "
    results = playbook(
        {},
        shown("any value", variable + "'lookup_one')", **given),
        shown("text", variable + "'lookup_two')", **given),
        shown("null", variable + "'lookup_null') is none", **given),
        shown("several", "query('selfhosted.prefect.variable', 'lookup_two', 'lookup_one')", **given),
        shown("list", variable + "'lookup_two', wantlist=true)", **given),
        shown("default", variable + "'no_such', default={'a': 1})", **given),
        shown("default none", variable + "'no_such', default=none) is none", **given),
        shown("block", block + "'s3-bucket/lookup-out')", **given),
        shown("missing", variable + "'no_such')", ignore_errors=True, **given),
        shown("missing block", block + "'secret/no-such')", ignore_errors=True, **given),
        shown("malformed", block + "'secret')", ignore_errors=True, **given),
        shown("bad name", variable + "'A b')", ignore_errors=True, **given),
    )
    told = {step: result.get("msg") for step, result in results.items()}
    assert told["any value"] == VALUE
    assert told["text"] == "text"
    assert told["null"] is True
    assert told["several"] == ["text", VALUE]
    assert told["list"] == ["text"]
    assert told["default"] == {"a": 1}
    assert told["default none"] is True
    assert told["block"] == {"bucket_name": "b", "credentials": {"aws_secret_access_key": "lookup-key"}}
    assert "the variable 'no_such' does not exist, and no default is given" in told["missing"]
    assert "the block 'secret/no-such' does not exist" in told["missing block"]
    assert "the term must name a block as type/name, but is 'secret'" in told["malformed"]
    assert "must be 1 to 255 lower-case letters" in told["bad name"]


def test_connection_from_options_and_from_the_environment(secured: Server, playbook: Playbook) -> None:
    apply(secured, "variable", name="lookup_env", value="found")
    options = f"api_url='{secured.url}', api_auth_string='{secured.auth_string}'"
    results = playbook({}, shown("options", f"lookup('selfhosted.prefect.variable', 'lookup_env', {options})"))
    assert results["options"]["msg"] == "found"
    environment = {"PREFECT_API_URL": secured.url, "PREFECT_API_AUTH_STRING": secured.auth_string or ""}
    expression = "lookup('selfhosted.prefect.variable', 'lookup_env')"
    assert playbook({}, shown("env", expression), environment=environment)["env"]["msg"] == "found"
    wrong = {"PREFECT_API_URL": secured.url, "PREFECT_API_AUTH_STRING": "user:wrong-password"}
    failed = playbook({}, shown("wrong", expression, ignore_errors=True), environment=wrong)["wrong"]["msg"]
    assert "HTTP 401" in failed
    assert "wrong-password" not in failed
