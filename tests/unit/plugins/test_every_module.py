# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module is complete: documentation, example, tests, and a place in the action group."""

from __future__ import annotations

import importlib
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
NOUNS = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))


def document(noun: str, name: str) -> t.Any:
    module = importlib.import_module(f"ansible_collections.selfhosted.prefect.plugins.modules.{noun}")
    return yaml.safe_load(getattr(module, name))


CONNECTION = "selfhosted.prefect.connection"
API_NOUNS = [
    noun for noun in NOUNS if CONNECTION in document(noun, "DOCUMENTATION").get("extends_documentation_fragment", ())
]
"""The modules that talk to the API; the others serve the roles."""


def test_the_action_group_names_every_module_that_talks_to_the_api_and_nothing_else() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert API_NOUNS
    assert sorted(runtime["action_groups"]["prefect"]) == API_NOUNS


@pytest.mark.parametrize("noun", NOUNS)
def test_it_is_documented(noun: str) -> None:
    assert document(noun, "DOCUMENTATION")["module"] == noun
    assert document(noun, "RETURN")


@pytest.mark.parametrize("noun", API_NOUNS)
def test_it_says_what_it_supports_in_the_common_words(noun: str) -> None:
    assert "selfhosted.prefect.attributes" in document(noun, "DOCUMENTATION")["extends_documentation_fragment"]


@pytest.mark.parametrize("noun", NOUNS)
def test_it_has_an_example_by_its_full_name(noun: str) -> None:
    assert any(f"selfhosted.prefect.{noun}" in task for task in document(noun, "EXAMPLES"))


@pytest.mark.parametrize("noun", API_NOUNS)
@pytest.mark.parametrize("place", ["unit/plugins/modules", "integration"])
def test_it_has_tests(noun: str, place: str) -> None:
    assert (ROOT / "tests" / place / f"test_{noun}.py").is_file()


@pytest.mark.parametrize("path", sorted((ROOT / "plugins" / "module_utils").glob("*.py")), ids=lambda path: path.stem)
def test_shared_code_is_private_and_says_so(path: Path) -> None:
    assert path.stem.startswith("_")
    assert "private" in (
        importlib.import_module(f"ansible_collections.selfhosted.prefect.plugins.module_utils.{path.stem}").__doc__
        or ""
    )


@pytest.mark.parametrize("path", sorted((ROOT / "plugins" / "module_utils").glob("*.py")), ids=lambda path: path.stem)
def test_only_the_top_layer_knows_ansible_module(path: Path) -> None:
    if path.stem != "_module":
        assert "import AnsibleModule" not in path.read_text(encoding="utf-8")
