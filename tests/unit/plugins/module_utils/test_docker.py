# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's HTTP interface over a real socket: what is sent, and what is said when it does not answer as it should."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.selfhosted.prefect.plugins.module_utils._docker import DockerError, Engine
from ansible_collections.selfhosted.prefect.tests.unit.plugins.unix_engine import UnixEngine


@pytest.fixture
def listen(tmp_path: Path) -> t.Iterator[t.Callable[[int, bytes], tuple[Engine, UnixEngine]]]:
    """Start listeners, and stop them at the end."""
    started: list[UnixEngine] = []

    def start(status: int, body: bytes) -> tuple[Engine, UnixEngine]:
        path = tmp_path / f"engine{len(started)}.sock"
        started.append(UnixEngine(path, status, body))
        return Engine(str(path), timeout=2), started[-1]

    yield start
    for listener in started:
        listener.shutdown()
        listener.server_close()


Listen = t.Callable[[int, bytes], tuple[Engine, UnixEngine]]


def test_queries_are_written_as_the_engine_reads_them(listen: Listen) -> None:
    engine, listener = listen(200, b"[]")
    assert engine.get("/containers/json", all=True, filters={"label": ["a=b"]}) == []
    assert listener.requests == ["GET /containers/json?all=true&filters=%7B%22label%22%3A+%5B%22a%3Db%22%5D%7D"]


def test_an_empty_answer_is_none(listen: Listen) -> None:
    engine, listener = listen(204, b"")
    assert engine.delete("/containers/1", v=True) is None
    assert engine.post("/containers/1/stop") is None
    assert listener.requests == ["DELETE /containers/1?v=true", "POST /containers/1/stop"]


@pytest.mark.parametrize("body", [json.dumps({"message": "it is running"}).encode(), b"it is running"])
def test_a_refusal_has_the_engines_words_and_status(listen: Listen, body: bytes) -> None:
    engine, _listener = listen(409, body)
    with pytest.raises(DockerError, match="DELETE /containers/1: 409 it is running") as caught:
        engine.delete("/containers/1")
    assert caught.value.status == 409


def test_one_that_hangs_up_is_an_error_in_words(listen: Listen) -> None:
    engine, _listener = listen(0, b"")
    with pytest.raises(DockerError, match="engine0.sock: "):
        engine.get("/info")


def test_where_no_engine_is_it_says_why(tmp_path: Path) -> None:
    with pytest.raises(DockerError, match="does not exist") as caught:
        Engine(str(tmp_path / "none.sock")).get("/info")
    assert caught.value.status == 0
