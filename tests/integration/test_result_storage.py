# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module result_storage against real servers: what Prefect 3.7 and newer keep, and what older ones say."""

from __future__ import annotations

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import PrefectError
from ansible_collections.selfhosted.prefect.tests.integration.apply import apply, proven
from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, task


@pytest.fixture
def stores(plain: Server) -> list[str]:
    for name in ("rs-one", "rs-two"):
        apply(plain, "block", block_type="local-file-system", name=name, data={"basepath": f"/srv/{name}"})
    apply(plain, "block", block_type="secret", name="rs-secret", data={"value": "hidden"})
    return ["local-file-system/rs-one", "local-file-system/rs-two"]


@pytest.mark.since(3, 7)
def test_set_change_clear(plain: Server, stores: list[str]) -> None:
    apply(plain, "result_storage", state="absent")
    assert proven(plain, "result_storage", block=stores[0]).after == {"block": stores[0]}
    changed = proven(plain, "result_storage", block=stores[1])
    assert (changed.before, changed.after) == ({"block": stores[0]}, {"block": stores[1]})
    assert proven(plain, "result_storage", state="absent").changed
    assert plain.ask("GET", "/admin/storage") == {"default_result_storage_block_id": None}


@pytest.mark.since(3, 7)
def test_removing_its_block_clears_it(plain: Server, stores: list[str]) -> None:
    apply(plain, "result_storage", block=stores[0])
    proven(plain, "block", block_type="local-file-system", name="rs-one", state="absent")
    assert not proven(plain, "result_storage", state="absent").changed


@pytest.mark.since(3, 7)
def test_a_block_that_cannot_keep_results_is_refused_before(plain: Server, stores: list[str]) -> None:
    with pytest.raises(PrefectError, match="block must name a block that results can be written to"):
        apply(plain, "result_storage", block="secret/rs-secret")
    with pytest.raises(PrefectError, match="block names the block 'secret/no-such', which does not exist"):
        apply(plain, "result_storage", block="secret/no-such")
    with pytest.raises(PrefectError, match="block must name a block as block_type/name, but is 'nothing'"):
        apply(plain, "result_storage", block="nothing")


@pytest.mark.before(3, 7)
def test_an_older_server_says_so(plain: Server) -> None:
    apply(plain, "block", block_type="local-file-system", name="rs-old", data={"basepath": "/srv/old"})
    with pytest.raises(PrefectError, match=r"The server is Prefect 3\.6\S*, which has no default result storage"):
        apply(plain, "result_storage", block="local-file-system/rs-old")
    assert not apply(plain, "result_storage", state="absent").changed


@pytest.mark.since(3, 7)
def test_the_modules_through_ansible(plain: Server, stores: list[str], playbook: Playbook) -> None:
    apply(plain, "result_storage", state="absent")
    results = playbook(
        plain.defaults,
        task("nothing", "result_storage_info"),
        task("check", "result_storage", block=stores[1], on_check_mode=True),
        task("set", "result_storage", block=stores[1]),
        task("again", "result_storage", block=stores[1]),
        task("info", "result_storage_info"),
        task("clear", "result_storage", state="absent"),
    )
    assert [result["changed"] for result in results.values()] == [False, True, True, False, False, True]
    assert results["check"]["diff"] == results["set"]["diff"]
    assert results["nothing"]["result_storage"] == []
    assert results["info"]["result_storage"] == [results["set"]["result_storage"]]
