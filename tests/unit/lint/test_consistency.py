# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of places that must agree finds every kind of disagreement, and none where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.selfhosted.prefect.tests.lint import consistency

DEFAULTS = """---
prefect_thing_image: busybox
prefect_thing_purge: false
# The password. Required.
# prefect_thing_password:
"""

SPECS = """---
argument_specs:
  main:
    options:
      prefect_thing_image: {type: str, default: busybox}
      prefect_thing_password: {type: str, required: true}
  remove:
    options:
      prefect_thing_purge: {type: bool, default: false}
"""

GALAXY = """---
dependencies:
  community.docker: ">=4.0.0"
"""

REQUIREMENTS = """---
collections:
  - name: community.docker
    version: ">=4.0.0"
"""

RUNTIME = """---
action_groups:
  prefect:
    - thing
"""

TASKS = """---
# __prefect_thing_in_a_comment counts for nothing.
- name: Look
  thing_info: {name: "{{ __prefect_thing_name }}"}
  register: __prefect_thing_found
  when: __prefect_thing_found is not defined
"""

VARS = """---
__prefect_thing_name: >-
  {% set __prefect_thing_inner = 1 %}{{ __prefect_thing_inner }}
"""

MODULE = '''
DOCUMENTATION = r"""
extends_documentation_fragment:
  - selfhosted.prefect.connection
"""
'''


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """A collection in which everything agrees."""
    files = {
        "galaxy.yml": GALAXY,
        "requirements.yml": REQUIREMENTS,
        "meta/runtime.yml": RUNTIME,
        "plugins/modules/thing.py": MODULE,
        "plugins/modules/helper.py": "# no connection options, no member",
        "roles/thing/defaults/main.yml": DEFAULTS,
        "roles/thing/meta/argument_specs.yml": SPECS,
        "roles/thing/tasks/main.yml": TASKS,
        "roles/thing/vars/main.yml": VARS,
        "roles/thing/tasks/remove.yml": "---\n",
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path


def test_nothing_is_found_where_everything_agrees(collection: Path) -> None:
    assert consistency.check(collection) == []


@pytest.mark.parametrize(
    ("file", "before", "after", "found"),
    [
        pytest.param(
            "roles/thing/defaults/main.yml",
            "prefect_thing_image: busybox\n",
            "",
            "prefect_thing_image is missing; argument_specs.yml gives it the default 'busybox'",
            id="default-missing",
        ),
        pytest.param(
            "roles/thing/defaults/main.yml",
            "busybox",
            "alpine",
            "prefect_thing_image is 'alpine', but 'busybox' in argument_specs.yml (main)",
            id="default-differs",
        ),
        pytest.param(
            "roles/thing/defaults/main.yml",
            "purge: false",
            "purge: true",
            "prefect_thing_purge is True, but False in argument_specs.yml (remove)",
            id="default-of-another-entry-point-differs",
        ),
        pytest.param(
            "roles/thing/defaults/main.yml",
            "# prefect_thing_password:",
            "",
            "prefect_thing_password has no default; list it in a comment as `# prefect_thing_password:`",
            id="option-without-default-not-listed",
        ),
        pytest.param(
            "roles/thing/defaults/main.yml",
            "# prefect_thing_password:",
            "prefect_thing_password: secret",
            "prefect_thing_password has a default that argument_specs.yml does not state",
            id="default-not-in-spec",
        ),
        pytest.param(
            "roles/thing/defaults/main.yml",
            "# prefect_thing_password:",
            "# prefect_thing_password:\n# prefect_thing_pasword:",
            "prefect_thing_pasword is named in a comment but is no option",
            id="unknown-name-in-comment",
        ),
        pytest.param(
            "roles/thing/defaults/main.yml",
            "---\n",
            "---\nprefect_thing_extra: 1\n",
            "prefect_thing_extra is no option of any entry point",
            id="default-without-option",
        ),
        pytest.param(
            "roles/thing/meta/argument_specs.yml",
            "  remove:",
            "  upgrade:",
            "entry point upgrade has no tasks/upgrade.yml",
            id="entry-point-without-tasks",
        ),
        pytest.param(
            "meta/runtime.yml", "- thing", "", "module thing has the connection options; add it", id="not-in-group"
        ),
        pytest.param(
            "meta/runtime.yml", "- thing", "- gone\n    - thing", "lists gone, but there is no", id="module-gone"
        ),
        pytest.param(
            "meta/runtime.yml",
            "- thing",
            "- helper\n    - thing",
            "lists helper, which has no connection options",
            id="no-member",
        ),
        pytest.param("meta/runtime.yml", "- thing", "- thing\n    - thing", "repeats a name", id="listed-twice"),
        pytest.param("requirements.yml", "4.0.0", "3.0.0", "make them equal", id="dependencies-differ"),
        pytest.param(
            "roles/thing/vars/main.yml",
            "__prefect_thing_name:",
            "# __prefect_thing_name:",
            "roles/thing/tasks/main.yml: __prefect_thing_name is used but defined nowhere",
            id="private-variable-undefined",
        ),
        pytest.param(
            "roles/thing/tasks/main.yml",
            "{{ __prefect_thing_name }}",
            "some",
            "roles/thing/vars/main.yml: __prefect_thing_name is defined but never used",
            id="private-variable-unused",
        ),
    ],
)
def test_a_disagreement_is_named(collection: Path, file: str, before: str, after: str, found: str) -> None:
    path = collection / file
    content = path.read_text()
    assert before in content
    path.write_text(content.replace(before, after, 1))
    (message,) = consistency.check(collection)
    assert found in message


def test_a_role_without_argument_specs_is_named(collection: Path) -> None:
    (collection / "roles/thing/meta/argument_specs.yml").unlink()
    (message,) = consistency.check(collection)
    assert message.startswith("roles/thing/meta/argument_specs.yml: missing")


def test_the_exit_code_tells(collection: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert consistency.main([str(collection)]) == 0
    (collection / "plugins/modules/thing.py").unlink()
    assert consistency.main([str(collection)]) == 1
    assert "there is no plugins/modules/thing.py" in capsys.readouterr().out
