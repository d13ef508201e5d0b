# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module resources_info and the role resources against a real server: what is exported is what was declared."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, ansible_environment, task
from ansible_collections.selfhosted.prefect.tests.integration.test_resources import declare, many, without


def test_what_is_exported_is_what_was_declared_and_changes_nothing(alone: Server, playbook: Playbook) -> None:
    declared = many("exported", 3)
    declare(alone, declared)
    results = playbook(
        alone.defaults,
        task("export", "resources_info"),
        task("one kind", "resources_info", kinds=["variables"]),
        task("no such kind", "resources_info", kinds=["varables"], on_ignore_errors=True),
    )
    resources = results["export"]["resources"]
    for plural, items in declared.items():
        for item in items:
            assert item in resources[plural], (plural, item)
    assert list(results["one kind"]["resources"]) == ["variables"]
    assert "kinds names 'varables', which is no kind of object" in results["no such kind"]["msg"]
    result, _sent = declare(alone, resources)
    assert not result["changed"], result["diff"]
    declare(alone, without(declared))


def test_the_playbooks_write_a_file_of_variables_that_changes_nothing(alone: Server, tmp_path: Path) -> None:
    template = {
        "job_configuration": {"command": "{{ command }}", "env": "{{ env }}"},
        "variables": {
            "type": "object",
            "properties": {"command": {"type": "string", "default": "a {% b %}\n{{ c }}"}, "env": {"type": "object"}},
        },
    }
    crafted = "{{ prefect_secrets['secret/exported/value'] }}"
    declare(
        alone,
        {
            "work_pools": [{"name": "templated", "type": "own", "base_job_template": template}],
            "blocks": [{"block_type": "secret", "name": "exported", "data": {"value": "exported-secret"}}],
            # Whoever may write a variable must not get at a secret by it.
            "variables": [{"name": "crafted", "value": crafted}],
        },
    )
    written = tmp_path / "exported.yml"
    settings = tmp_path / "ansible.cfg"
    settings.touch()

    def play(name: str, *arguments: str) -> str:
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("ansible-playbook")),
                *("--inventory", "localhost,", "--connection", "local", f"selfhosted.prefect.{name}", *arguments),
                *("--extra-vars", f"prefect_resources_api_url={alone.url}"),
                *("--extra-vars", f"prefect_resources_export_file={written}"),
            ],
            check=False,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**ansible_environment(settings), "ANSIBLE_STDOUT_CALLBACK": "default"},
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "WARNING" not in done.stderr, done.stderr
        return done.stdout

    assert "changed=1" in play("export")
    assert "changed=0" in play("export")
    assert "!unsafe" in written.read_text(encoding="utf-8")
    assert "exported-secret" not in written.read_text(encoding="utf-8")
    assert "changed=0" in play("resources", "--extra-vars", f"@{written}", "--diff")
    vault = tmp_path / "vault.yml"
    vault.write_text("prefect_secrets: {secret/exported/value: another-secret}\n", encoding="utf-8")
    assert "changed=1" in play("resources", "--extra-vars", f"@{written}", "--extra-vars", f"@{vault}")
    held = alone.ask("GET", "/block_types/slug/secret/block_documents/name/exported?include_secrets=true")
    assert held["data"] == {"value": "another-secret"}
    assert alone.ask("GET", "/variables/name/crafted")["value"] == crafted
    team = tmp_path / "team.yml"
    team.write_text("prefect_resources__team: {variables: [{name: teams-own, value: 1}]}\n", encoding="utf-8")
    merged = ("--extra-vars", f"@{written}", "--extra-vars", f"@{team}")
    assert "changed=1" in play("resources", *merged)
    assert alone.ask("GET", "/variables/name/teams-own")["value"] == 1
    assert alone.ask("GET", "/work_pools/templated")["base_job_template"] == template
    assert "changed=0" in play("resources", *merged)
