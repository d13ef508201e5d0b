# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module public_url_info against a server without a proxy; with good and bad ones it is part of the tests of the role server."""

from __future__ import annotations

from ansible_collections.selfhosted.prefect.tests.integration.stack import Playbook, Server, Stack, task


def test_a_server_that_is_in_order_is_told_so(stack: Stack, server: Server, playbook: Playbook) -> None:
    ui = server.url.removesuffix("/api")
    results = playbook(
        server.defaults,
        task("look", "public_url_info", closed_paths=["/api/metrics"], websockets=["/events/in", "/events/out"]),
        task("see a wrong UI", "public_url_info", ui_api_url="https://prefect.example.org/api", websockets=[]),
        task("see an open path", "public_url_info", closed_paths=["/docs", "/api/hello"], websockets=[]),
        task("check", "public_url_info", wait=True, closed_paths=["/docs"], on_check_mode=True),
    )
    # Where the server itself is told another URL for its UI, as it is without any, that alone is a problem.
    checks = {check["name"]: check["ok"] for check in results["look"]["checks"] if check["name"] != "ui"}
    # What only passes TLS on does not say so to the server.
    assert checks.pop("redirects") is server.url.startswith("http:")
    assert checks == dict.fromkeys(
        [
            *("ready", "version", "authentication"),
            *("websocket /events/in", "websocket /events/out", "closed /api/metrics"),
        ],
        True,
    )
    assert any(f"the UI at {ui} is told to use" in problem for problem in results["see a wrong UI"]["problems"])
    open_paths = [problem for problem in results["see an open path"]["problems"] if "It is open" in problem]
    assert [problem.split(": ")[0] for problem in open_paths] == [f"GET {ui}/docs", f"GET {ui}/api/hello"]
    assert any("/docs: HTTP 200" in problem for problem in results["check"]["problems"])


def test_other_credentials_are_told(server: Server, playbook: Playbook) -> None:
    if server.auth_string is None:
        # A server that asks for none takes any.
        answer = playbook(server.defaults, task("look", "public_url_info", api_auth_string="admin:x"))["look"]
        assert any("HTTP 200 instead of 401" in problem for problem in answer["problems"])
        return
    answer = playbook({**server.defaults, "api_auth_string": "admin:Gq8wrong"}, task("look", "public_url_info"))["look"]
    (problem,) = answer["problems"]
    assert "unauthorized" in problem
    assert "Gq8wrong" not in problem
