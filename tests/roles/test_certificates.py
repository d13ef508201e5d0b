# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private authority issues certificates that strict clients take, once; what is wrong with a given one is said."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
import typing as t
from pathlib import Path

import pytest

from ansible_collections.selfhosted.prefect.tests.integration.stack import docker
from ansible_collections.selfhosted.prefect.tests.roles.deployment import PREFIX, Deployment, Run, Variables, images

ROLE = "selfhosted.prefect.certificates"
HOSTS: dict[str, Variables] = {
    "one": {"prefect_certificates_name": "one", "prefect_certificates_names": ["one.example.org", "127.0.0.1"]},
    # Two hosts that ask for the same at the same time.
    "two": {"prefect_certificates_name": "shared", "prefect_certificates_names": ["*.example.org", "fd00::1"]},
    "three": {"prefect_certificates_name": "shared", "prefect_certificates_names": ["*.example.org", "fd00::1"]},
    "four": {"prefect_certificates_name": "four", "prefect_certificates_names": ["four.example.org"]},
}
KEEP = "Keep the certificate {name}"


def run_role(place: Path, hosts: dict[str, Variables], *options: str, entry: str = "main") -> dict[str, Run]:
    """Run an entry point of the role for several hosts, all of which are this machine."""
    play = {
        "hosts": "prefect",
        "gather_facts": False,
        "tasks": [{"name": "Call", "ansible.builtin.import_role": {"name": ROLE, "tasks_from": entry}}],
    }
    return Deployment(place).plays([play], {name: ((), changes) for name, changes in hosts.items()}, *options)


def contents(directory: Path) -> dict[str, bytes]:
    """Return what the files in a directory hold."""
    return {path.name: path.read_bytes() for path in directory.iterdir()} if directory.exists() else {}


def served(directory: Path, name: str, host: str) -> dict[str, t.Any]:
    """Serve TLS with a certificate, connect as a strict client that trusts the authority, and return what it saw."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(directory / f"{name}.crt", directory / f"{name}.key")
    client = ssl.create_default_context(cafile=directory / "ca.crt")
    # What Python 3.13 asks for of itself.
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _address = listener.accept()
            # The client may refuse what it sees.
            with contextlib.suppress(OSError), server.wrap_socket(connection, server_side=True) as tls:
                tls.recv(1)

        thread = threading.Thread(target=answer)
        thread.start()
        with (
            socket.create_connection(listener.getsockname()) as connection,
            client.wrap_socket(connection, server_hostname=host) as tls,
        ):
            seen = tls.getpeercert()
            tls.send(b"x")
        thread.join()
    assert seen is not None
    return seen


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, Run]], list[dict[str, bytes]]]:
    """Issue certificates step by step; return the directory, what the runs did, and the files after each."""
    place = tmp_path_factory.mktemp("certificates")
    directory = place / "authority"
    hosts = {name: {**changes, "prefect_certificates_directory": str(directory)} for name, changes in HOSTS.items()}
    later = {
        "one": {**hosts["one"], "prefect_certificates_names": ["one.example.org", "127.0.0.1", "alias.example.org"]},
        "two": hosts["two"],
        "four": {**hosts["four"], "prefect_certificates_valid_days": 500, "prefect_certificates_renew_days": 400},
    }
    runs: dict[str, dict[str, Run]] = {}
    files: list[dict[str, bytes]] = []
    for step, (wanted, options) in {
        "preview": (hosts, ("--check", "--diff")),
        "issue": (hosts, ("--diff",)),
        "again": (hosts, ()),
        "check again": (hosts, ("--check", "--diff")),
        "preview of changes": (later, ("--check",)),
        "changes": (later, ()),
    }.items():
        runs[step] = run_role(place, wanted, *options)
        files.append(contents(directory))
    for name in ("ca.crt", "ca.key"):
        (directory / name).unlink()
    runs["another authority"] = run_role(place, later)
    files.append(contents(directory))
    return directory, runs, files


Issued = tuple[Path, dict[str, dict[str, Run]], list[dict[str, bytes]]]


def test_every_step_succeeds(issued: Issued) -> None:
    _directory, runs, _files = issued
    failed = {
        (step, host): run.message or run.output[-1500:]
        for step, found in runs.items()
        for host, run in found.items()
        if run.status
    }
    assert failed == {}


def test_check_mode_from_nothing_predicts_and_writes_nothing(issued: Issued) -> None:
    directory, runs, files = issued
    assert files[0] == {}
    for host in HOSTS:
        predicted = runs["preview"][host].changed["Predict what would be issued"]["msg"]
        assert f"Would make the authority {directory}/ca.crt" in predicted
        assert f"Would issue {directory}/{HOSTS[host]['prefect_certificates_name']}.crt: there is none" in predicted


def test_what_is_made_is_private_and_made_once(issued: Issued) -> None:
    directory, runs, files = issued
    assert directory.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in directory.iterdir() if path.stat().st_mode & 0o077} == {
        *("ca.crt", "one.crt", "shared.crt", "four.crt")
    }
    makers = [host for host in HOSTS if "Make the authority" in runs["issue"][host].changed]
    assert len(makers) == 1
    assert sum("Keep the certificate" in str(list(runs["issue"][host].changed)) for host in ("two", "three")) == 1
    assert b"PRIVATE KEY" in files[1]["ca.key"]
    secrets = {content.split(b"\n")[1].decode() for name, content in files[1].items() if name.endswith(".key")}
    assert len(secrets) == 4
    assert not any(secret in run.output for secret in secrets for step in runs.values() for run in step.values())


@pytest.mark.parametrize("step", ["again", "check again"])
def test_a_second_run_changes_nothing(issued: Issued, step: str) -> None:
    _directory, runs, files = issued
    assert {host: run.changed for host, run in runs[step].items()} == {host: {} for host in HOSTS}
    assert files[2] == files[1] == files[3]


def test_strict_clients_take_what_was_issued(issued: Issued) -> None:
    directory = issued[0]
    for name, host in (("one", "one.example.org"), ("one", "127.0.0.1"), ("shared", "any.example.org")):
        seen = served(directory, name, host)
        days = (ssl.cert_time_to_seconds(seen["notAfter"]) - ssl.cert_time_to_seconds(seen["notBefore"])) / 86400
        assert 365 <= days <= 398
    with pytest.raises(ssl.SSLCertVerificationError):
        served(directory, "one", "four.example.org")


def test_other_names_and_a_near_end_renew_with_the_same_key_and_nothing_else(issued: Issued) -> None:
    _directory, runs, files = issued
    preview = runs["preview of changes"]
    assert "it is for other names" in preview["one"].changed["Predict what would be issued"]["msg"]
    assert "it expires on 2" in preview["four"].changed["Predict what would be issued"]["msg"]
    assert preview["two"].changed == {}
    changed = {name for name, content in files[5].items() if content != files[4][name]}
    assert changed == {"one.crt", "four.crt"}


def test_another_authority_issues_everything_anew(issued: Issued) -> None:
    directory, _runs, files = issued
    changed = {name for name, content in files[6].items() if content != files[5][name]}
    assert changed == {"ca.crt", "ca.key", "one.crt", "shared.crt", "four.crt"}
    assert "alias.example.org" in str(served(directory, "one", "alias.example.org"))


def openssl(place: Path, *arguments: str) -> None:
    """Run the openssl command in a directory."""
    subprocess.run(["openssl", *arguments], cwd=place, check=True, capture_output=True)


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make certificates that others might give: root, intermediate, expired, no authority's."""
    place = tmp_path_factory.mktemp("given")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    authority = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl(
        place,
        "req",
        "-x509",
        *key,
        *authority,
        "-days",
        "900",
        "-subj",
        "/CN=Root",
        "-keyout",
        "root.key",
        "-out",
        "root.crt",
    )
    openssl(place, "req", *key, "-subj", "/CN=Between", "-keyout", "mid.key", "-out", "mid.csr")
    (place / "ext").write_text(
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n"
        "authorityKeyIdentifier=keyid\n",
        encoding="utf-8",
    )
    sign = ("x509", "-req", "-CA", "root.crt", "-CAkey", "root.key", "-CAcreateserial")
    openssl(place, *sign, "-in", "mid.csr", "-days", "800", "-extfile", "ext", "-out", "mid.crt")
    (place / "chain.crt").write_bytes((place / "mid.crt").read_bytes() + (place / "root.crt").read_bytes())
    openssl(place, "req", *key, "-subj", "/CN=db", "-keyout", "leaf.key", "-out", "leaf.csr")
    (place / "san").write_text("subjectAltName=DNS:db.example.org\n", encoding="utf-8")
    openssl(place, *sign, "-in", "leaf.csr", "-days", "90", "-extfile", "san", "-out", "leaf.crt")
    openssl(place, *sign, "-in", "leaf.csr", "-days", "-1", "-extfile", "san", "-out", "expired.crt")
    openssl(place, *sign, "-in", "mid.csr", "-days", "10", "-extfile", "ext", "-out", "short.crt")
    (place / "garbage").write_text("-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n", encoding="utf-8")
    return place


def test_a_given_intermediate_authority_is_sent_along(given: Path, tmp_path: Path) -> None:
    directory = tmp_path / "d"
    host = {
        **HOSTS["one"],
        "prefect_certificates_directory": str(directory),
        "prefect_certificates_ca_certificate": str(given / "chain.crt"),
        "prefect_certificates_ca_key": str(given / "mid.key"),
    }
    assert KEEP.format(name="one") in run_role(tmp_path, {"one": host})["one"].succeeded().changed
    assert run_role(tmp_path, {"one": host})["one"].succeeded().changed == {}
    assert sorted(contents(directory)) == ["one.crt", "one.key"]
    (directory / "ca.crt").write_bytes((given / "root.crt").read_bytes())
    served(directory, "one", "one.example.org")


def bad_authorities(given: Path) -> dict[str, tuple[Variables, str]]:
    """Return inputs that are refused, with words of the refusal."""

    def authority(certificate: str, key: str) -> Variables:
        return {
            "prefect_certificates_ca_certificate": str(given / certificate),
            "prefect_certificates_ca_key": str(given / key),
        }

    return {
        "relative": ({"prefect_certificates_directory": "secrets"}, "'secrets', which is no absolute path"),
        "reserved-name": ({"prefect_certificates_name": "ca"}, "and not 'ca'"),
        "bad-names": ({"prefect_certificates_names": ["ok.org", "a b", "fd00:0::01"]}, "It has a b, fd00:0::01."),
        "no-names": ({"prefect_certificates_names": []}, "It is empty."),
        "days": ({"prefect_certificates_renew_days": 365}, "must be less than prefect_certificates_valid_days"),
        "half": ({"prefect_certificates_ca_certificate": str(given / "root.crt")}, "only one is set"),
        "missing": (authority("nowhere.crt", "root.key"), "nowhere.crt that can be read and is not empty"),
        "foreign-key": (authority("root.crt", "mid.key"), "mid.key is not the key of the certificate 'Root'"),
        "no-authority": (authority("leaf.crt", "leaf.key"), "is no authority's: it may not sign others"),
        "expired": (authority("expired.crt", "leaf.key"), "expired on 20"),
        "ends-soon": (authority("short.crt", "mid.key"), "Give an authority that is valid for longer"),
        "garbage": (authority("garbage", "root.key"), "garbage has no certificate in PEM form"),
    }


def test_bad_authorities_are_refused_and_nothing_is_written(given: Path, tmp_path: Path) -> None:
    bad = bad_authorities(given)
    common = {**HOSTS["one"], "prefect_certificates_directory": str(tmp_path / "none")}
    runs = run_role(tmp_path, {name: {**common, **changes} for name, (changes, _words) in bad.items()})
    missed = {
        name: runs[name].refused() for name, (_changes, words) in bad.items() if words not in runs[name].refused()
    }
    assert missed == {}
    assert not (tmp_path / "none").exists()


def test_given_certificates_are_checked_for_what_makes_them_useless(given: Path, tmp_path: Path) -> None:
    def text(name: str) -> str:
        return (given / name).read_text(encoding="utf-8")

    good: Variables = {
        "prefect_certificates_check_certificate": text("leaf.crt"),
        "prefect_certificates_check_key": text("leaf.key"),
        "prefect_certificates_check_authority": text("root.crt"),
        "prefect_certificates_check_names": ["db.example.org"],
        "prefect_certificates_check_certificate_option": "the_certificate",
        "prefect_certificates_check_key_option": "the_key",
    }
    cases: dict[str, tuple[Variables, tuple[str, ...]]] = {
        "good": ({}, ()),
        "other-key": ({"prefect_certificates_check_key": text("mid.key")}, ("the_key is not the key", "'db'")),
        "no-key": ({"prefect_certificates_check_key": "xx"}, ("the_key has no private key in PEM form",)),
        "no-certificate": (
            {"prefect_certificates_check_certificate": "pending"},
            ("the_certificate has no certificate",),
        ),
        "expired": ({"prefect_certificates_check_certificate": text("expired.crt")}, ("the_certificate expired on",)),
        "other-names": (
            {"prefect_certificates_check_names": ["db.example.org", "10.0.0.5"]},
            ("is not for 10.0.0.5, but for DNS:db.example.org",),
        ),
        "other-authority": ({"prefect_certificates_check_authority": text("mid.crt")}, ("was issued by 'Root'",)),
        # All faults at once.
        "worst": (
            {
                "prefect_certificates_check_certificate": text("expired.crt"),
                "prefect_certificates_check_key": text("mid.key"),
                "prefect_certificates_check_names": ["x.org"],
            },
            ("expired on", "is not the key", "is not for x.org"),
        ),
    }
    runs = run_role(tmp_path, {name: {**good, **changes} for name, (changes, _words) in cases.items()}, entry="check")
    runs["good"].succeeded()
    for name, (_changes, words) in cases.items():
        if words:
            message = runs[name].refused()
            assert [word for word in words if word not in message] == [], (name, message)
            assert "PRIVATE" not in message


def test_a_host_trusts_and_distrusts_the_authority(given: Path, tmp_path: Path) -> None:
    host = f"{PREFIX}trust"
    docker("run", "--detach", "--name", host, "--entrypoint", "sleep", images()["prefect_server_image"], "600")
    variables: Variables = {
        "ansible_connection": "community.docker.docker",
        "ansible_python_interpreter": "python3",
        "prefect_certificates_ca_certificate": str(given / "chain.crt"),
    }
    ask = "import ssl; print([x['subject'][-1][0][1] for x in ssl.create_default_context().get_ca_certs()])"

    def trusted() -> set[str]:
        return {name for name in ("Root", "Between") if f"'{name}'" in docker("exec", host, "python3", "-c", ask)}

    def call(entry: str, *options: str) -> Run:
        return run_role(tmp_path, {host: variables}, *options, entry=entry)[host].succeeded()

    assert "Put the authority into the trust store" in call("trust", "--check", "--diff").changed
    assert trusted() == set()
    assert "Make the host trust it" in call("trust").changed
    assert trusted() == {"Root", "Between"}
    assert call("trust").changed == {}
    # Another authority takes the place of both.
    variables["prefect_certificates_ca_certificate"] = str(given / "root.crt")
    assert "Make the host trust it" in call("trust").changed
    assert trusted() == {"Root"}
    assert "Make the host distrust it" in call("distrust").changed
    assert trusted() == set()
    assert call("distrust").changed == {}
    docker("exec", host, "rm", "/etc/debian_version")
    message = run_role(tmp_path, {host: variables}, entry="trust")[host].refused()
    assert "is not Debian" in message
    docker("rm", "--force", host)
