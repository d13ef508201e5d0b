# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role proxy promises: what it closes, what it refuses, what it leaves alone."""

from __future__ import annotations

import socket
import typing as t
from pathlib import Path

import pytest

from ansible_collections.selfhosted.prefect.tests.browser.site import (
    AUTH_CORE,
    AUTH_STRING,
    NETWORK,
    PREFIX,
    Site,
    Sites,
)
from ansible_collections.selfhosted.prefect.tests.integration.stack import docker, until
from ansible_collections.selfhosted.prefect.tests.roles.deployment import Variables, inspect, logs_of
from ansible_collections.selfhosted.prefect.tests.roles.witness import traces
from ansible_collections.selfhosted.prefect.tests.testbed.images import build

ACME_NAME = "acme.test"
ACME_CADDYFILE = f"""
{{
    admin off
    skip_install_trust
}}
https://{ACME_NAME} {{
    tls internal
    acme_server
}}
"""

METRICS = (
    "/api/metrics",
    "/api/metrics/",
    "/api//metrics",
    "/api/./metrics",
    "/api/x/../metrics",
    "/api/%6detrics",
    "/api%2Fmetrics",
    "/API/METRICS",
    "/api/metrics?x=1",
)


@pytest.mark.parametrize("path", METRICS)
def test_metrics_are_closed_however_they_are_asked_for(site: Site, path: str) -> None:
    assert site.ask(site.path + path).status == 403


@pytest.mark.parametrize("path", ["/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"])
def test_pages_that_the_server_shows_to_everybody_are_closed(plain: Site, path: str) -> None:
    assert plain.ask(path, credentials="").status == 403


def test_what_the_ui_and_the_clients_need_of_the_admin_routes_is_open_to_those_with_credentials(site: Site) -> None:
    for path in ("/api/admin/version", "/api/admin/settings", "/api/admin/storage"):
        assert site.ask(site.path + path).status == 200
        assert site.ask(site.path + path, credentials="").status == 401


def test_plain_http_leads_to_the_public_url(site: Site) -> None:
    answer = site.ask_plainly(f"{site.path}/api/ready?x=1")
    assert (answer.status, answer.headers["location"]) == (308, f"{site.url}/api/ready?x=1")


def test_redirects_of_the_server_lead_to_the_public_url(site: Site) -> None:
    answer = site.ask(f"{site.path}/api/variables", "POST", {})
    assert (answer.status, answer.headers["location"]) == (307, f"{site.url}/api/variables/")


def test_outside_of_the_path_there_is_nothing_but_the_way_to_it(sites: Sites) -> None:
    site = sites.by_word["path"]
    for path in ("/", site.path):
        answer = site.ask(path)
        assert (answer.status, answer.headers["location"]) == (307, f"{site.path}/")
    for path in ("/api/ready", "/docs", f"{site.path}x/api/ready", f"{site.path}/../api/ready"):
        assert site.ask(path).status == 404


def test_answers_have_headers_and_do_not_name_their_makers(plain: Site) -> None:
    headers = plain.ask("/api/ready").headers
    assert headers["content-security-policy"] == "connect-src 'self'; frame-ancestors 'self'"
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers
    # Only where the certificate is one that every browser trusts.
    assert "strict-transport-security" not in headers


def test_a_body_that_is_too_large_is_refused(plain: Site) -> None:
    # Debian's Caddy 2.6, of which these tests' image is made, says 502; Caddy itself has said 413 since.
    assert plain.ask("/api/variables/", "POST", b"x" * 17_000_000).status in (413, 502)
    assert plain.ask("/api/variables/", "POST", b"x" * 1_000_000).status == 422


def test_whoever_sends_headers_slowly_is_sent_away(plain: Site) -> None:
    with socket.create_connection(("127.0.0.1", plain.plain_port), timeout=40) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        assert slow.recv(100) == b""


def test_the_container_can_do_next_to_nothing(plain: Site) -> None:
    (proxy,) = inspect("container", [plain.proxy])
    settings = proxy["HostConfig"]
    assert proxy["Config"]["User"] == "65532:65532"
    assert settings["ReadonlyRootfs"] is True
    assert (settings["CapDrop"], [cap.removeprefix("CAP_") for cap in settings["CapAdd"]]) == (
        ["ALL"],
        ["NET_BIND_SERVICE"],
    )
    assert "no-new-privileges:true" in settings["SecurityOpt"]
    assert settings["Memory"] > 0
    assert settings["PidsLimit"] > 0
    until("the proxy is healthy", lambda: "(healthy)" in docker("ps", "--filter", f"name={plain.proxy}"))


def test_the_access_log_has_requests_and_no_credentials(plain: Site) -> None:
    plain.ask("/api/ready?seen=1")
    log = logs_of(plain.proxy)
    assert "seen=1" in log
    assert traces(log, AUTH_CORE, AUTH_STRING) == []


def test_the_key_stands_in_one_file_and_nowhere_else(plain: Site) -> None:
    (proxy,) = inspect("container", [plain.proxy])
    key = (plain.authority / "server.key").read_text(encoding="utf-8").splitlines()[1]
    assert key not in str(proxy)
    (file,) = (mount["Source"] for mount in proxy["Mounts"] if mount["Destination"].endswith("key.pem"))
    assert Path(file).stat().st_mode & 0o777 == 0o400


def proxy_of(site: Site) -> tuple[str, str]:
    """Return what tells one container of the proxy from the next."""
    (proxy,) = inspect("container", [site.proxy])
    return proxy["Id"], proxy["State"]["StartedAt"]


def test_a_second_run_changes_nothing_and_check_mode_says_so(sites: Sites, plain: Site) -> None:
    before = proxy_of(plain)
    run = sites.run("proxy", {"plain": {}}, "--check", "--diff")["plain"].succeeded()
    assert run.changed == {}
    assert sites.run("proxy", {"plain": {}})["plain"].succeeded().changed == {}
    assert proxy_of(plain) == before


def test_verify_sees_what_is_closed_and_what_is_not(sites: Sites) -> None:
    changes: dict[str, Variables] = {"plain": {}, "plain-open": {"prefect_proxy_closed_paths": ["/api/ready"]}}
    runs = sites.run("proxy", changes, tasks_from="verify")
    runs["plain"].succeeded()
    assert "must be closed" in runs["plain-open"].refused()


BAD: dict[str, tuple[Variables, str]] = {
    "plain-url": ({"prefect_proxy_public_url": "http://localhost"}, "must be https://host"),
    "plain-query": ({"prefect_proxy_public_url": "https://localhost/?x=1"}, "must be https://host"),
    "plain-upstream": ({"prefect_proxy_upstream": "http://server:4200"}, "without a scheme"),
    "plain-address": ({"prefect_proxy_bind_addresses": ["localhost"]}, "list of IP addresses"),
    "plain-ports": ({"prefect_proxy_http_port": 70000}, "two different ports"),
    "plain-empty": ({"prefect_proxy_tls_key": ""}, "as PEM texts"),
    "plain-path": ({"prefect_proxy_tls_certificate": "/etc/ssl/x.pem"}, "has no certificate in PEM form"),
    "plain-name": ({"prefect_proxy_public_url": "https://elsewhere.test"}, "is not for elsewhere.test"),
    "plain-private": ({"prefect_proxy_tls": "automatic"}, "No public authority"),
    "plain-closed": ({"prefect_proxy_closed_paths": ["api/metrics"]}, "begins with a slash"),
    "plain-header": ({"prefect_proxy_headers": {"X-A": "{env.HOME}"}}, "without braces"),
    "plain-size": ({"prefect_proxy_max_body_size": "much"}, "a number with a unit"),
}


@pytest.fixture(scope="module")
def refused(sites: Sites) -> dict[str, str]:
    """Try all bad inputs at once."""
    two = {"prefect_proxy_upstream": "server", "prefect_proxy_max_body_size": "much"}
    changes = {case: change for case, (change, _word) in BAD.items()} | {"plain-two": two}
    runs = sites.run("proxy", changes, tasks_from="preflight")
    return {case: run.refused() for case, run in runs.items()}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_with_the_reason(refused: dict[str, str], case: str) -> None:
    assert BAD[case][1] in refused[case]


def test_all_faults_are_told_at_once(refused: dict[str, str]) -> None:
    assert "without a scheme" in refused["plain-two"]
    assert "a number with a unit" in refused["plain-two"]


def test_a_configuration_that_caddy_refuses_leaves_the_running_proxy_alone(sites: Sites, plain: Site) -> None:
    before = proxy_of(plain)
    message = sites.run("proxy", {"plain": {"prefect_proxy_directives": "nonsense on"}})["plain"].refused()
    assert "nonsense" in message
    assert "prefect_proxy_directives" in message
    assert proxy_of(plain) == before


@pytest.fixture(scope="module")
def acme(clean_engine: None, authority: Path, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Site]:
    """Give a public URL whose proxy gets its certificate by ACME, from an authority of ours."""
    place = tmp_path_factory.mktemp("acme")
    (place / "Caddyfile").write_text(ACME_CADDYFILE, encoding="utf-8")
    name = f"{PREFIX}authority"
    mount = f"{place / 'Caddyfile'}:/etc/caddy/Caddyfile:ro"
    docker(
        *("run", "--detach", "--name", name, "--network", NETWORK, "--network-alias", ACME_NAME),
        *("--volume", mount, build("caddy")),
    )
    root = ("exec", name, "cat", "/data/caddy/pki/authorities/local/root.crt")
    until("an ACME authority", lambda: "END" in docker(*root, check=False))
    trusted = docker(*root)
    (place / "root.pem").write_text(trusted + "\n", encoding="utf-8")
    host = "prefect.test"
    variables = {
        "prefect_proxy_upstream": "nobody:4200",
        "prefect_proxy_tls": "automatic",
        "prefect_proxy_acme_email": "ops@example.com",
        "prefect_proxy_acme_directory": f"https://{ACME_NAME}/acme/local/directory",
        "prefect_proxy_acme_ca_certificate": trusted,
        # The authority asks the proxy by its public name, which only this network knows.
        "prefect_proxy_container": {"networks": [{"name": NETWORK, "aliases": [host]}]},
        "prefect_proxy_check_public_url": False,
    }
    yield Site("acme", place, authority, host=host, variables=variables)
    docker("rm", "--force", name)


def test_a_certificate_by_acme_outlives_the_container(acme: Site, tmp_path: Path) -> None:
    sites = Sites(tmp_path, acme)
    sites.run("proxy", {"acme": {}})["acme"].succeeded()
    root = acme.place / "root.pem"

    def serial() -> int:
        return acme.certificate(root)

    until("a certificate", lambda: serial() > 0)
    first = serial()
    assert acme.ask("/api/metrics", authority=root).headers["strict-transport-security"] == "max-age=31536000"
    sites.run("proxy", {"acme": {"prefect_proxy_max_body_size": "8MB"}})["acme"].succeeded()
    until("a certificate", lambda: serial() > 0)
    assert serial() == first


def test_a_server_that_is_not_there_is_named_over_a_certificate_of_caddys_own(acme: Site, tmp_path: Path) -> None:
    site = Site("inner", acme.place, acme.authority, variables={"prefect_proxy_tls": "internal"})
    sites = Sites(tmp_path, site)
    changes = {"inner": {"prefect_proxy_upstream": "127.0.0.1:4200", "prefect_proxy_ready_timeout": 20}}
    message = sites.run("proxy", changes)["inner"].refused()
    assert "reaches no server at 127.0.0.1:4200" in message
    assert sites.run("proxy", {"inner": {}}, tasks_from="remove")["inner"].succeeded().changed
    assert docker("ps", "--all", "--quiet", "--filter", f"name={site.proxy}") == ""
    assert not (acme.place / "files" / site.proxy).exists()
