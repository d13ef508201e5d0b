# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exporter beside a real server and worker, and alert rules that are made to fire one by one."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import typing as t
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from ansible_collections.selfhosted.prefect.tests.certificates import make_authority
from ansible_collections.selfhosted.prefect.tests.integration.stack import docker, until
from ansible_collections.selfhosted.prefect.tests.roles.deployment import PREFIX, Deployment, Run, free_port, inspect
from ansible_collections.selfhosted.prefect.tests.roles.witness import AUTH_CORE, PASSWORD_CORE
from ansible_collections.selfhosted.prefect.tests.testbed.machine import need_packages

Json = dict[str, t.Any]

TLS = f"{PREFIX}monitoring-tls"
METRICS = f"{PREFIX}metrics"
EXPORTER = f"{PREFIX}exporter"
SERVE_TLS = (
    "import http.server, ssl; s = http.server.HTTPServer(('', 8443), http.server.SimpleHTTPRequestHandler);"
    "c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); c.load_cert_chain('/tls/server.pem', '/tls/server.key');"
    "s.socket = c.wrap_socket(s.socket, server_side=True); s.serve_forever()"
)
# A metric is named in an expression, outside of texts.
NAMED = re.compile(r"\b(?:prefect|process)_[a-z_]+\b")


@dataclass
class Monitored:
    """An exporter that was deployed, and what it and a server told."""

    stack: Deployment
    variables: Json
    place: Path
    runs: dict[str, Run]
    told: str
    told_by_server: str


def play(tasks_from: str = "main") -> list[Json]:
    """Return a play that runs the role."""
    role = {"name": "selfhosted.prefect.monitoring", "tasks_from": tasks_from}
    task = {"name": "Monitor", "ansible.builtin.import_role": role}
    return [{"hosts": "prefect_server", "gather_facts": False, "tasks": [task]}]


def limited_pool(stack: Deployment, state: str) -> list[Json]:
    """Return a play that makes or removes a pool with a limit, so that limits are told."""
    options = {
        "api_url": f"http://127.0.0.1:{stack.port}/api",
        "api_auth_string": "{{ prefect_server_api_auth_string }}",
        "name": "limited",
        **({"type": "process", "concurrency_limit": 3} if state == "present" else {}),
        "state": state,
    }
    tasks = [{"name": "Have a pool with a limit", "selfhosted.prefect.work_pool": options}]
    return [{"hosts": "prefect_server", "gather_facts": False, "tasks": tasks}]


def scrape(url: str) -> str:
    """Return what is told there."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        return str(answer.read().decode())


@pytest.fixture(scope="module")
def monitored(deployed: t.Any, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Monitored]:
    """Deploy an exporter for the stack, beside a service with TLS and a server with metrics of its own."""
    stack: Deployment = deployed.stack
    image = str(stack.variables["prefect_server_image"])
    place = tmp_path_factory.mktemp("monitoring")
    authority = make_authority(tmp_path_factory.mktemp("authority"))
    (authority / "server.key").chmod(0o644)
    docker(
        *("run", "--detach", "--name", TLS, "--network", stack.network, "--volume", f"{authority}:/tls:ro"),
        *(image, "python", "-c", SERVE_TLS),
    )
    metrics_port = free_port()
    docker(
        *("run", "--detach", "--name", METRICS, "--publish", f"127.0.0.1:{metrics_port}:4200"),
        *("--env", "PREFECT_SERVER_METRICS_ENABLED=true", "--env", "PREFECT_SERVER_ANALYTICS_ENABLED=false"),
        *(image, "prefect", "server", "start", "--host", "0.0.0.0"),
    )
    port = free_port()
    variables = {
        "prefect_monitoring_image": image,
        "prefect_monitoring_container_name": EXPORTER,
        "prefect_monitoring_network": stack.network,
        "prefect_monitoring_directory": str(place / "etc"),
        "prefect_monitoring_port": port,
        "prefect_monitoring_api_url": f"http://{stack.containers['server']}:4200/api",
        "prefect_monitoring_api_auth_string": "{{ prefect_server_api_auth_string }}",
        "prefect_monitoring_database_host": stack.containers["database"],
        "prefect_monitoring_database_password": "{{ prefect_database_password }}",
        "prefect_monitoring_endpoints": [
            {"name": "tls", "host": TLS, "port": 8443},
            {"name": "none", "host": TLS, "port": 1},
        ],
        "prefect_monitoring_prometheus_directory": str(place / "prometheus"),
        "prefect_monitoring_server_targets": [f"127.0.0.1:{metrics_port}"],
        "prefect_monitoring_alert_labels": {"team": "data"},
    }
    case = {"localhost": (("server",), variables)}
    both = [*limited_pool(stack, "present"), *play(), *play("prometheus")]
    runs = {
        "check": stack.plays(both, case, "--check", "--diff")["localhost"],
        "deploy": stack.plays(both, case, "-vvv", "--diff")["localhost"],
        "again": stack.plays(both, case)["localhost"],
    }
    server = f"http://127.0.0.1:{metrics_port}/api/metrics"

    def answers() -> bool:
        try:
            return bool(scrape(server))
        except OSError:
            return False

    until("the server's own metrics", answers, 120)
    yield Monitored(stack, variables, place, runs, scrape(f"http://127.0.0.1:{port}/metrics"), scrape(server))
    case = {"localhost": (("server",), variables)}
    stack.plays([*play("remove"), *limited_pool(stack, "absent")], case)["localhost"].succeeded()
    assert EXPORTER not in docker("ps", "--all", "--format", "{{.Names}}")
    assert not (place / "etc" / EXPORTER).exists()
    assert docker("network", "ls", "--quiet", "--filter", f"name=^{stack.network}$")


def samples(text: str) -> dict[str, float]:
    """Return the values by name and labels."""
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def rules_of(monitored: Monitored) -> list[Json]:
    document = yaml.safe_load((monitored.place / "prometheus" / "rules.yml").read_text(encoding="utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def test_check_mode_predicts_it_and_a_second_run_changes_nothing(monitored: Monitored) -> None:
    predicted = monitored.runs["check"].succeeded().changed
    assert f"Run the container {EXPORTER}" in predicted or any(EXPORTER in name for name in predicted)
    assert "Write scrape configuration and alert rules" in predicted
    monitored.runs["deploy"].succeeded()
    assert monitored.runs["again"].succeeded().changed == {}


def test_it_tells_about_server_worker_database_and_certificates(monitored: Monitored) -> None:
    told = samples(monitored.told)
    stack = monitored.stack
    assert {told[f'prefect_exporter_source_up{{source="{name}"}}'] for name in ("api", "database", "certificates")} == {
        1
    }
    assert told[f'prefect_worker_online{{pool="{stack.pool}",worker="{stack.worker}"}}'] == 1
    assert told['prefect_work_pool_concurrency_limit{pool="limited"}'] == 3
    assert told["prefect_database_size_bytes"] > 1_000_000
    assert told['prefect_database_table_size_bytes{table="flow_run"}'] > 0
    assert told['prefect_certificate_seen{endpoint="tls"}'] == 1
    assert told['prefect_certificate_trusted{endpoint="tls"}'] == 0
    assert told['prefect_certificate_seen{endpoint="none"}'] == 0
    assert 'prefect_certificate_expiry_timestamp_seconds{endpoint="none"}' not in told


def test_every_metric_that_rules_and_dashboard_name_is_told(monitored: Monitored) -> None:
    existing = {re.split(r"[{ ]", name)[0] for name in {**samples(monitored.told), **samples(monitored.told_by_server)}}
    dashboard = json.loads((monitored.place / "prometheus" / "dashboard.json").read_text(encoding="utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    expressions += [variable["definition"] for variable in dashboard["templating"]["list"] if "definition" in variable]
    expressions += [rule["expr"] for rule in rules_of(monitored)]
    named = {name for expression in expressions for name in NAMED.findall(expression)}
    assert len(named) > 20
    assert named - existing == set()


def test_the_container_can_do_nothing_but_ask(monitored: Monitored) -> None:
    (container,) = inspect("container", [EXPORTER])
    host = container["HostConfig"]
    assert (host["ReadonlyRootfs"], host["CapDrop"], host["CapAdd"]) == (True, ["ALL"], None)
    assert container["Config"]["User"] == "65534:65534"
    assert (host["Memory"], host["PidsLimit"]) == (128 * 1024 * 1024, 64)
    assert {binding["HostIp"] for binding in host["PortBindings"]["9421/tcp"]} == {"127.0.0.1"}


def test_secrets_stay_in_the_containers_environment(monitored: Monitored) -> None:
    (container,) = inspect("container", [EXPORTER])
    elsewhere = json.dumps({**container, "Config": {**container["Config"], "Env": []}})
    logs = docker("logs", EXPORTER)
    written = [path for path in monitored.place.rglob("*") if path.is_file() and path.name != "api-password"]
    for core in (AUTH_CORE, PASSWORD_CORE):
        assert core not in monitored.runs["deploy"].output + elsewhere + logs + monitored.told
        assert not [path for path in written if core in path.read_text(encoding="utf-8")]
    password = monitored.place / "prometheus" / "api-password"
    assert AUTH_CORE in password.read_text(encoding="utf-8")
    assert stat.S_IMODE(password.stat().st_mode) == 0o640


def test_an_api_that_is_lost_and_found_is_told(monitored: Monitored) -> None:
    url = f"http://127.0.0.1:{monitored.variables['prefect_monitoring_port']}/metrics"
    server = monitored.stack.containers["server"]

    def up() -> float:
        return samples(scrape(url))['prefect_exporter_source_up{source="api"}']

    docker("pause", server)
    try:
        until("the API is lost", lambda: up() == 0, 90)
        lost = samples(scrape(url))
        assert "prefect_late_flow_runs" not in lost
        assert "prefect_database_size_bytes" in lost
    finally:
        docker("unpause", server)
    until("the API is found again", lambda: up() == 1, 90)


def test_all_that_is_wrong_is_told_at_once(monitored: Monitored) -> None:
    wrong = {
        "prefect_monitoring_bind_address": "everywhere",
        "prefect_monitoring_api_key": "key",
        "prefect_monitoring_api_url": "server:4200",
        "prefect_monitoring_database_password": "",
        "prefect_monitoring_endpoints": [{"name": "a", "host": "a"}, {"name": "a", "host": "b"}],
    }
    run = monitored.stack.plays(play(), {"localhost": (("server",), {**monitored.variables, **wrong})})["localhost"]
    message = run.refused()
    for words in (
        "prefect_monitoring_bind_address is 'everywhere'",
        "prefect_monitoring_api_auth_string and prefect_monitoring_api_key are both set",
        "prefect_monitoring_api_url is 'server:4200'",
        "prefect_monitoring_database_password is empty",
        "prefect_monitoring_endpoints has a name twice",
    ):
        assert words in message
    assert run.changed == {}


# --- Alert rules -----------------------------------------------------------------------------------

EXPORTER_LABELS = 'job="prefect", instance="exporter:9421"'
SERVER_LABELS = 'job="prefect-server", instance="server:4200"'
GIB = 2**30


def series(name: str, values: str, labels: str = "") -> dict[str, str]:
    """Return a series of the exporter."""
    return {f"{name}{{{', '.join(part for part in (labels, EXPORTER_LABELS) if part)}}}": values}


POOL = 'pool="docker"'
QUEUE = 'pool="docker", queue="default"'
WORKER = 'pool="docker", worker="first"'
# In promtool's tests time begins at 0, and there is a sample a minute.
WELL: dict[str, str] = {
    **series("up", "1x2000"),
    f"up{{{SERVER_LABELS}}}": "1x2000",
    f"process_resident_memory_bytes{{{SERVER_LABELS}}}": "300000000x2000",
    **series("prefect_exporter_source_up", "1x2000", 'source="api"'),
    **series("prefect_exporter_source_up", "1x2000", 'source="database"'),
    **series("prefect_unmarked_late_flow_runs", "0x2000"),
    **series("prefect_worker_online", "1x2000", WORKER),
    **series("prefect_worker_last_heartbeat_timestamp_seconds", "0+60x2000", WORKER),
    **series("prefect_work_pool_workers_online", "1x2000", POOL),
    **series("prefect_work_queue_depth", "2x2000", QUEUE),
    **series("prefect_work_queue_late_flow_runs", "0x2000", QUEUE),
    **series("prefect_work_queue_paused", "0x2000", QUEUE),
    **series("prefect_database_size_bytes", f"{GIB}x2000"),
    **series("prefect_database_connections", "12x2000"),
    **series("prefect_database_max_connections", "100x2000"),
    **series("prefect_certificate_expiry_timestamp_seconds", "9000000x2000", 'endpoint="public URL"'),
    **series("prefect_certificate_trusted", "1x2000", 'endpoint="public URL"'),
    **series("prefect_certificate_seen", "1x2000", 'endpoint="public URL"'),
}

# Per case: the alerts that must fire, and no others; what differs from a fleet that is well (None: the series is not there); after how
# many minutes. By their names in the order of the rules.
CASES: dict[str, tuple[set[str], t.Mapping[str, str | None], int]] = {
    "a fleet that is well": (set(), {}, 1800),
    "the exporter does not answer": ({"PrefectExporterDown"}, series("up", "0x2000"), 6),
    "the exporter is not scraped": ({"PrefectExporterDown"}, dict.fromkeys(series("up", "")), 6),
    "a blink of the exporter": (set(), series("up", "1 0 0 1x2000"), 6),
    "the API does not answer": ({"PrefectApiDown"}, series("prefect_exporter_source_up", "0x2000", 'source="api"'), 3),
    "the database does not answer": (
        {"PrefectDatabaseDown"},
        series("prefect_exporter_source_up", "0x2000", 'source="database"'),
        6,
    ),
    "nobody calls runs late": ({"PrefectBackgroundServicesDead"}, series("prefect_unmarked_late_flow_runs", "3x2000"), 3),
    "nobody calls a silent worker offline": (
        {"PrefectBackgroundServicesDead"},
        series("prefect_worker_last_heartbeat_timestamp_seconds", "0x2000", WORKER),
        14,
    ),
    "a worker is offline": (
        {"PrefectWorkerOffline"},
        {
            **series("prefect_worker_online", "0x2000", WORKER),
            **series("prefect_worker_last_heartbeat_timestamp_seconds", "0x2000", WORKER),
        },
        6,
    ),
    "a worker was removed more than a week ago": (
        set(),
        {
            **series("prefect_worker_online", "0x2000", WORKER),
            **series("prefect_worker_last_heartbeat_timestamp_seconds", "-700000x2000", WORKER),
        },
        6,
    ),
    "runs wait for nobody": (
        {"PrefectPoolWithoutWorkers"},
        series("prefect_work_pool_workers_online", "0x2000", POOL),
        6,
    ),
    "nothing waits for nobody": (
        set(),
        {
            **series("prefect_work_pool_workers_online", "0x2000", POOL),
            **series("prefect_work_queue_depth", "0x2000", QUEUE),
        },
        6,
    ),
    "runs are late": ({"PrefectLateFlowRuns"}, series("prefect_work_queue_late_flow_runs", "1x2000", QUEUE), 11),
    "runs are late in a queue that is paused": (
        set(),
        {
            **series("prefect_work_queue_late_flow_runs", "1x2000", QUEUE),
            **series("prefect_work_queue_paused", "1x2000", QUEUE),
        },
        11,
    ),
    "the database is large": ({"PrefectDatabaseLarge"}, series("prefect_database_size_bytes", f"{21 * GIB}x2000"), 11),
    "the database grows": (
        {"PrefectDatabaseGrowing"},
        # 2 GiB and 3 MiB a minute: 31 GiB in a week.
        series("prefect_database_size_bytes", f"{2 * GIB}+{3 << 20}x2000"),
        1500,
    ),
    "the database has no connections left": (
        {"PrefectDatabaseConnections"},
        series("prefect_database_connections", "95x2000"),
        6,
    ),
    "a certificate expires": (
        {"PrefectCertificateExpires"},
        series("prefect_certificate_expiry_timestamp_seconds", "1000000x2000", 'endpoint="public URL"'),
        11,
    ),
    "a certificate is not trusted": (
        {"PrefectCertificateUnusable"},
        series("prefect_certificate_trusted", "0x2000", 'endpoint="public URL"'),
        16,
    ),
    "a certificate is not there": (
        {"PrefectCertificateUnusable"},
        {
            **series("prefect_certificate_seen", "0x2000", 'endpoint="public URL"'),
            **dict.fromkeys(series("prefect_certificate_trusted", "", 'endpoint="public URL"')),
            **dict.fromkeys(series("prefect_certificate_expiry_timestamp_seconds", "", 'endpoint="public URL"')),
        },
        16,
    ),
    "the server tells no metrics": ({"PrefectServerMetricsDown"}, {f"up{{{SERVER_LABELS}}}": "0x2000"}, 6),
    "the server uses much memory": (
        {"PrefectServerMemory"},
        {f"process_resident_memory_bytes{{{SERVER_LABELS}}}": f"{GIB}x2000"},
        16,
    ),
}  # fmt: skip


def promtool(place: Path, *arguments: str) -> str:
    """Run promtool there and return what it printed; it must find nothing wrong."""
    need_packages({"promtool": "prometheus"})
    done = subprocess.run(["promtool", *arguments], cwd=place, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_takes_scrape_configuration_and_rules(monitored: Monitored) -> None:
    place = monitored.place / "prometheus"
    scraped = yaml.safe_load((place / "scrape.yml").read_text(encoding="utf-8"))
    assert [job["job_name"] for job in scraped["scrape_configs"]] == ["prefect", "prefect-server"]
    assert scraped["scrape_configs"][0]["static_configs"][0]["targets"] == [
        f"127.0.0.1:{monitored.variables['prefect_monitoring_port']}"
    ]
    # Older releases have no scrape_config_files, so the configuration is made of the file's content.
    whole = {"rule_files": ["rules.yml"], **scraped}
    (place / "prometheus.yml").write_text(yaml.safe_dump(whole), encoding="utf-8")
    said = promtool(place, "check", "config", "prometheus.yml")
    assert f"SUCCESS: {len(rules_of(monitored))} rules found" in said


def test_every_alert_has_a_severity_the_users_labels_and_words(monitored: Monitored) -> None:
    for rule in rules_of(monitored):
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["labels"]["team"] == "data"
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]


def test_every_alert_fires_when_it_should_and_no_other_does(monitored: Monitored) -> None:
    place = monitored.place / "prometheus"
    tests = [
        {
            "name": name,
            "interval": "1m",
            "input_series": [
                {"series": key, "values": values} for key, values in {**WELL, **changes}.items() if values is not None
            ],
            "promql_expr_test": [
                {
                    "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                    "eval_time": f"{minutes}m",
                    "exp_samples": [{"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in sorted(alerts)],
                }
            ],
        }
        for name, (alerts, changes, minutes) in CASES.items()
    ]
    document = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": tests}
    (place / "tests.yml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    promtool(place, "test", "rules", "tests.yml")
    fired = {alert for alerts, _changes, _minutes in CASES.values() for alert in alerts}
    assert fired == {rule["alert"] for rule in rules_of(monitored)}
