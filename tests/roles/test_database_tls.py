# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A published database lets in whom it is told to, over TLS, and nobody else."""

from __future__ import annotations

import subprocess
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest

from ansible_collections.selfhosted.prefect.tests.integration.stack import docker
from ansible_collections.selfhosted.prefect.tests.roles.deployment import (
    PREFIX,
    Deployment,
    Run,
    Variables,
    free_port,
    images,
    inspect,
    logs_of,
    snapshot,
)

# A network of this machine and another host, made of a container without Docker's network.
HERE = "10.213.7.1"
ALLOWED = "10.213.7.2"
STRANGER = "10.213.7.3"
CABLE = ("sprt-here", "sprt-far")
FAR = f"{PREFIX}far"
PASSWORD = "Kx7tlsPassword"
WHO = "select client_addr, version from pg_stat_ssl join pg_stat_activity using (pid) where pid = pg_backend_pid()"


def plug(container: str) -> None:
    """Connect a container to this machine by a cable of its own."""
    pid = docker("inspect", "--format", "{{.State.Pid}}", container).strip()
    inside = ("nsenter", "--target", pid, "--net", "ip")
    for command in (
        ("ip", "link", "add", CABLE[0], "type", "veth", "peer", "name", CABLE[1]),
        ("ip", "link", "set", CABLE[1], "netns", pid),
        ("ip", "address", "add", f"{HERE}/24", "dev", CABLE[0]),
        ("ip", "link", "set", CABLE[0], "up"),
        (*inside, "address", "add", f"{ALLOWED}/32", "dev", CABLE[1]),
        (*inside, "address", "add", f"{STRANGER}/32", "dev", CABLE[1]),
        (*inside, "link", "set", CABLE[1], "up"),
    ):
        subprocess.run(command, check=True, capture_output=True)


def speak_as(address: str) -> None:
    """Let the container at the other end of the cable use one of its addresses."""
    pid = docker("inspect", "--format", "{{.State.Pid}}", FAR).strip()
    route = ("ip", "route", "replace", f"{HERE}/32", "dev", CABLE[1], "src", address)
    subprocess.run(["nsenter", "--target", pid, "--net", *route], check=True, capture_output=True)


def unplug() -> None:
    """Take the cable away; one end takes the other along."""
    subprocess.run(["ip", "link", "delete", CABLE[0]], check=False, capture_output=True)


@dataclass
class Published:
    """A published database and those who want to reach it."""

    stack: Deployment
    place: Path
    preview: Run
    deploy: Run
    again: Run

    @property
    def container(self) -> str:
        """Name of its container."""
        return self.stack.containers["database"]

    @property
    def port(self) -> int:
        """The port that it is published on."""
        return int(self.stack.variables["prefect_database_port"])

    def ask(self, client: str, options: str, *, password: str = PASSWORD, question: str = WHO) -> str:
        """Connect with psql, and return the answer or the error.

        :param client: C(far), the container at the end of the cable; C(stack) or C(other), a new container in the stack's network
            or another one; C(host), this machine itself.
        :param options: More of the connection string.
        """
        inside = client == "stack"
        address = f"host={self.container}" if inside else f"host={HERE} port={self.port}"
        psql = ("psql", f"{address} user=prefect dbname=prefect connect_timeout=9 {options}", "-Atc", question)
        env = ("--env", f"PGPASSWORD={password}")
        if client == "far":
            command = ["docker", "exec", *env, FAR, *psql]
        else:
            network = {"stack": self.stack.network, "other": "bridge", "host": "host"}[client]
            trust = ("--volume", f"{self.place}/authority/ca.crt:/ca.crt:ro")
            image = images()["prefect_database_image"]
            command = [
                "docker",
                "run",
                "--rm",
                "--network",
                network,
                *trust,
                *env,
                "--entrypoint",
                psql[0],
                image,
                *psql[1:],
            ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        return (done.stdout + done.stderr).strip()


ISSUE: Variables = {
    "name": "Issue a certificate",
    "ansible.builtin.import_role": {"name": "selfhosted.prefect.certificates"},
}
DATABASE: Variables = {"name": "Run", "ansible.builtin.import_role": {"name": "selfhosted.prefect.database"}}


def both(stack: Deployment, *options: str, **changes: t.Any) -> Run:
    """Run the roles certificates and database, one after the other."""
    play = {"hosts": "prefect_database", "gather_facts": False, "tasks": [ISSUE, DATABASE]}
    return stack.plays([play], {"localhost": (("database",), changes)}, *options)["localhost"]


def looked_up(name: str) -> str:
    """Return the expression that an inventory has for a certificate that may be yet to be issued."""
    return (
        f"{{{{ lookup('ansible.builtin.file', prefect_certificates_directory ~ '/{name}', errors='ignore')"
        " | default('pending' if ansible_check_mode else '', true) }}"
    )


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Published]:
    """Publish a database for one other host."""
    place = tmp_path_factory.mktemp("tls")
    unplug()
    (place / "authority").mkdir()
    trust = ("--volume", f"{place}/authority:/authority:ro")
    idle = ("--entrypoint", "sleep", images()["prefect_database_image"], "infinity")
    docker("run", "--detach", "--name", FAR, "--network", "none", *trust, *idle)
    plug(FAR)
    stack = Deployment(
        place,
        "tls",
        prefect_database_password=PASSWORD,
        prefect_database_bind_address=HERE,
        prefect_database_port=free_port(),
        prefect_database_allowed_sources=[ALLOWED],
        prefect_database_tls_certificate=looked_up("database.crt"),
        prefect_database_tls_key=looked_up("database.key"),
        prefect_database_directory=str(place / "etc"),
        prefect_certificates_directory=str(place / "authority"),
        prefect_certificates_name="database",
        prefect_certificates_names=["database.example.org", HERE],
    )
    before = snapshot()
    preview = both(stack, "--check", "--diff").succeeded()
    assert snapshot() == before
    assert list((place / "authority").iterdir()) == []
    deploy = both(stack, "-vvv", "--diff").succeeded()
    again = both(stack).succeeded()
    yield Published(stack, place, preview, deploy, again)
    unplug()


def test_check_mode_from_nothing_predicts_the_certificate_and_the_container(published: Published) -> None:
    assert "Predict what would be issued" in published.preview.changed
    (diff,) = [item for task, item in published.preview.diffs.items() if published.container in task]
    assert f"{HERE}:{published.port}:5432" in str(diff)
    assert f"hostssl all all {ALLOWED}/32 scram-sha-256" in str(diff)


def test_a_second_run_changes_nothing(published: Published) -> None:
    assert published.again.changed == {}


@pytest.mark.parametrize(
    ("client", "options", "answer"),
    [
        ("far", "sslmode=verify-full sslrootcert=/authority/ca.crt", f"{ALLOWED}|TLSv1.3"),
        ("far", "sslmode=require ssl_max_protocol_version=TLSv1.2", f"{ALLOWED}|TLSv1.2"),
        (
            "far",
            "sslmode=disable",
            f'no pg_hba.conf entry for host "{ALLOWED}", user "prefect", database "prefect", no encryption',
        ),
        ("stack", "sslmode=disable", "|"),
        ("stack", "sslmode=require", "|TLSv1.3"),
        # What Docker hands on from this machine itself has the gateway's address, whoever it is.
        ("other", "sslmode=require", "no pg_hba.conf entry for host"),
        ("other", "sslmode=disable", "no pg_hba.conf entry for host"),
        ("host", "sslmode=require", "no pg_hba.conf entry for host"),
        ("host", "sslmode=disable", "no pg_hba.conf entry for host"),
    ],
)
def test_who_is_let_in(published: Published, client: str, options: str, answer: str) -> None:
    if client == "far":
        speak_as(ALLOWED)
    assert answer in published.ask(client, options)


@pytest.mark.parametrize("options", ["sslmode=require", "sslmode=disable"])
def test_a_host_that_is_not_allowed_is_refused_with_the_right_password(published: Published, options: str) -> None:
    speak_as(STRANGER)
    assert f'no pg_hba.conf entry for host "{STRANGER}"' in published.ask("far", options)


@pytest.mark.parametrize("client", ["far", "stack"])
def test_a_wrong_password_is_refused(published: Published, client: str) -> None:
    speak_as(ALLOWED)
    assert "password authentication failed" in published.ask(client, "sslmode=require", password="wrong")


def test_passwords_are_stored_as_scram_and_old_tls_is_off(published: Published) -> None:
    question = "select current_setting('ssl_min_protocol_version') || left(rolpassword, 13) from pg_authid where rolname = 'prefect'"
    assert published.ask("stack", "", question=question) == "TLSv1.2SCRAM-SHA-256"


def test_only_the_given_address_is_published(published: Published) -> None:
    (container,) = inspect("container", [published.container])
    assert container["NetworkSettings"]["Ports"] == {"5432/tcp": [{"HostIp": HERE, "HostPort": str(published.port)}]}


def test_the_container_has_no_more_rights_than_it_needs(published: Published) -> None:
    (container,) = inspect("container", [published.container])
    host = container["HostConfig"]
    assert container["Config"]["User"] == "postgres"
    assert host["ReadonlyRootfs"] is True
    assert (host["CapAdd"], host["CapDrop"]) == (None, ["ALL"])
    assert host["Memory"] == 2**30
    assert host["NanoCpus"] > 0
    assert host["PidsLimit"] == 512
    status = docker("exec", published.container, "cat", "/proc/1/status")
    assert {line.split()[1] for line in status.splitlines() if line.startswith("Cap")} == {"0" * 16}


def test_the_key_is_in_its_file_alone(published: Published) -> None:
    key = (published.place / "authority" / "database.key").read_text(encoding="utf-8")
    secret = key.splitlines()[1]
    assert secret not in published.deploy.output
    assert secret not in str(inspect("container", [published.container]))
    (file,) = (published.place / "etc").rglob("server.key")
    assert secret in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o777 == 0o640
    assert file.stat().st_uid == 0


def test_a_new_certificate_is_served_and_the_data_stays(published: Published) -> None:
    published.ask("stack", "", question="create table kept (n int)")
    serial = published.place / "authority" / "database.crt"
    before = serial.read_text(encoding="utf-8")
    names = ["database.example.org", "other.example.org", HERE]
    changes: Variables = {"prefect_certificates_names": names}
    changed = both(published.stack, **changes).succeeded().changed
    assert list(changed) == ["Keep the certificate database", f"Run the container {published.container}"]
    assert serial.read_text(encoding="utf-8") != before
    speak_as(ALLOWED)
    trust = "sslmode=verify-full sslrootcert=/authority/ca.crt host=other.example.org"
    assert published.ask("far", f"{trust} hostaddr={HERE}", question="select count(*) from kept") == "0"
    assert both(published.stack, **changes).succeeded().changed == {}
    # Stopped by a fast shutdown, not killed.
    assert "was not properly shut down" not in logs_of(published.container)


def test_a_database_that_does_not_start_gives_way_to_one_that_does(published: Published) -> None:
    broken: Variables = {"prefect_database_container": {"command": ["postgres", "-c", "nosuch=1"]}}
    message = published.stack.role("database", prefect_database_ready_timeout=4, **broken).refused()
    assert "took no connections within 4 s" in message
    published.stack.role("database").succeeded()
    assert published.ask("stack", "", question="select count(*) from kept") == "0"


def test_not_published_nothing_of_it_is_left(published: Published) -> None:
    private: Variables = {
        f"prefect_database_{name}": None
        for name in ("bind_address", "port", "allowed_sources", "tls_certificate", "tls_key")
    }
    published.stack.role("database", **private).succeeded()
    (container,) = inspect("container", [published.container])
    assert set(container["NetworkSettings"]["Ports"].values()) <= {None}
    assert not (published.place / "etc" / published.container).exists()
    assert published.ask("stack", "sslmode=disable", question="select count(*) from kept") == "0"


def test_images_whose_user_has_another_number_read_the_key_too(published: Published, tmp_path: Path) -> None:
    other = f"{PREFIX}postgres:999"
    # What a build changes in a directory that the image declares a volume is lost, so this one keeps its data elsewhere.
    (tmp_path / "Dockerfile").write_text(
        f"FROM {images()['prefect_database_image']}\n"
        "RUN groupmod -g 999 postgres && usermod -u 999 postgres"
        " && chown postgres:postgres /run/postgresql && install -d -o postgres -g postgres /srv/data\n"
        "ENV PGDATA=/srv/data\n",
        encoding="utf-8",
    )
    docker("build", "--tag", other, str(tmp_path))
    changes: Variables = {"prefect_database_image": other}
    message = published.stack.role("database", **changes).refused()
    assert "belong to the user 70" in message
    assert "runs as the user 999" in message
    volume = f"{PREFIX}tls-other"
    changes |= {"prefect_database_volume": volume, "prefect_database_data_directory": "/srv/data"}
    published.stack.role("database", **changes).succeeded()
    speak_as(ALLOWED)
    assert f"{ALLOWED}|TLSv1.3" in published.ask("far", "sslmode=require")


BAD: dict[str, tuple[Variables, str]] = {
    "foreign-address": ({"prefect_database_bind_address": "10.213.99.99"}, "has no address 10.213.99.99"),
    "every-address": ({"prefect_database_bind_address": "0.0.0.0"}, "stands for every address of the host"),
    "public-address": ({"prefect_database_bind_address": "198.51.100.7"}, "is no private address"),
    "name": ({"prefect_database_bind_address": "db.example.org"}, "which is no IPv4 address"),
    "ipv6": ({"prefect_database_bind_address": "fd00::2"}, "Docker hands IPv6 on in its own name"),
    "no-tls": ({"prefect_database_tls_certificate": "", "prefect_database_tls_key": ""}, "over TLS only"),
    "no-key": ({"prefect_database_tls_key": ""}, "only one is set"),
    "other-key": (
        {"prefect_database_tls_key": "{{ lookup('pipe', 'openssl genrsa 2048 2>&1') }}"},
        "is not the key of the",
    ),
    "nobody": ({"prefect_database_allowed_sources": []}, "so no other host could use it"),
    "everybody": ({"prefect_database_allowed_sources": ["0.0.0.0/0"]}, "every address there is"),
    "bad-sources": (
        {"prefect_database_allowed_sources": [ALLOWED, "web.local", "10.0.0.0/33"]},
        "has web.local, 10.0.0.0/33.",
    ),
    "port": ({"prefect_database_port": 70000}, "a port is a number from 1 to 65535"),
}


def test_what_would_open_the_database_or_not_work_is_refused(published: Published) -> None:
    before = snapshot()
    runs = published.stack.roles({name: ("database", changes) for name, (changes, _words) in BAD.items()})
    missed = {
        name: runs[name].refused() for name, (_changes, words) in BAD.items() if words not in runs[name].refused()
    }
    assert missed == {}
    assert snapshot() == before
    # All at once, not one by one.
    worst: Variables = {
        "prefect_database_bind_address": "0.0.0.0",
        "prefect_database_allowed_sources": ["x"],
        "prefect_database_password": "",
    }
    message = published.stack.role("database", **worst).refused()
    for words in ("stands for every address", "has x.", "prefect_database_password is empty"):
        assert words in message


def test_removal_takes_the_files_along(published: Published) -> None:
    published.stack.role("database", tasks_from="remove").succeeded()
    assert not (published.place / "etc").exists() or list((published.place / "etc").iterdir()) == []
