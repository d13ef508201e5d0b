# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The socket proxy's rules: what a body becomes, that nothing dangerous is left in it, and that what was made is looked at."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import importlib.util
import json
import re
import socket
import sys
import typing as t
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.selfhosted.prefect.tests.unit.plugins.unix_engine import UnixEngine

FILES = Path(__file__).parents[3] / "roles" / "socket_proxy" / "files"
NETWORK = "prefect-socket-proxy"


def load(name: str) -> t.Any:
    """Import a file, which is part of a role and of no package."""
    spec = importlib.util.spec_from_file_location(name, FILES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up, and the proxy its rules.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


policy_module = load("socket_policy")
Refused = policy_module.Refused
Policy = policy_module.Policy
HostPath = policy_module.HostPath

POLICY = Policy(
    network=NETWORK,
    networks=("prefect-*", "bridge", "none"),
    volumes=("cache-*",),
    paths=(HostPath("/srv/data"), HostPath("/srv/out", read_only=False)),
    reserved_names=("server", "worker*", "git.example.org"),
    refused_labels=("selfhosted.prefect.*", "traefik.*"),
    memory=2**30,
    cpus=2 * 10**9,
    pids=512,
    cap_drop=("MKNOD", "NET_RAW"),
)

# What prefect-docker 0.7.4 sends with docker-py 7.2 for a flow run with one network and two volumes.
MEASURED: dict[str, t.Any] = {
    "Tty": False,
    "OpenStdin": False,
    "StdinOnce": False,
    "AttachStdin": False,
    "AttachStdout": True,
    "AttachStderr": True,
    "Env": ["A=b"],
    "Cmd": ["prefect", "flow-run", "execute"],
    "Image": "prefecthq/prefect:3",
    "Volumes": {"/b": {}, "/c": {}},
    "NetworkDisabled": False,
    "HostConfig": {
        "Memory": 536870912,
        "NetworkMode": "prefect-internal",
        "Binds": ["/srv/data:/b:ro", "cache-1:/c"],
        "ExtraHosts": ["host.docker.internal:host-gateway"],
        "AutoRemove": True,
    },
    "NetworkingConfig": {"prefect-internal": None},
    "Labels": {"io.prefect.flow-run-id": "1"},
}


def make(body: t.Any, policy: t.Any = POLICY) -> t.Any:
    """Return what becomes of a body."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return policy_module.creation(policy, policy_module.parse(text))


def with_host(**fields: t.Any) -> dict[str, t.Any]:
    return {"Image": "python:3", "HostConfig": fields}


def test_what_a_flow_run_needs_passes_with_limits_and_the_owner() -> None:
    made = make(MEASURED)
    assert made.networks == ("prefect-internal",)
    assert made.body["HostConfig"] == {
        "Memory": 536870912,
        "NanoCpus": 2 * 10**9,
        "PidsLimit": 512,
        "NetworkMode": "prefect-internal",
        "Binds": ["/srv/data:/b:ro", "cache-1:/c"],
        "ExtraHosts": ["host.docker.internal:host-gateway"],
        "AutoRemove": True,
        "CapDrop": ["MKNOD", "NET_RAW"],
        "SecurityOpt": ["no-new-privileges"],
    }
    assert made.body["Labels"] == {
        "io.prefect.flow-run-id": "1",
        "selfhosted.prefect.socket-proxy": NETWORK,
    }
    assert {name: made.body[name] for name in ("Env", "Cmd", "Image", "Volumes")} == {
        name: MEASURED[name] for name in ("Env", "Cmd", "Image", "Volumes")
    }
    assert "NetworkingConfig" not in made.body


def test_limits_that_are_not_set_are_not_sent() -> None:
    made = make({"Image": "x"}, Policy(network=NETWORK, no_new_privileges=False))
    assert made.body["HostConfig"] == {"NetworkMode": "default", "CapDrop": []}
    assert made.networks == ("bridge",)


@pytest.mark.parametrize(
    "empty",
    [
        {"Privileged": False, "PidMode": "", "Devices": [], "Mounts": None, "PortBindings": {}},
        {"LogConfig": {"Type": None, "Config": {}}, "Ulimits": [], "Runtime": "", "Unheard": 0},
        {"RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}},
        {"RestartPolicy": {}},
    ],
)
def test_what_was_left_out_is_dropped(empty: dict[str, t.Any]) -> None:
    assert make(with_host(**empty)).body == make(with_host()).body


REFUSED: list[tuple[dict[str, t.Any], str]] = [
    (with_host(Privileged=True), "root on its host"),
    (with_host(CapAdd=["SYS_ADMIN"]), "capabilities"),
    (with_host(Devices=[{"PathOnHost": "/dev/sda"}]), "devices"),
    (with_host(DeviceRequests=[{"Count": -1}]), "not known to be harmless"),
    (with_host(DeviceCgroupRules=["a *:* rwm"]), "not known to be harmless"),
    (with_host(PidMode="host"), "belongs to the host"),
    (with_host(PidMode="container:server"), "belongs to the host"),
    (with_host(IpcMode="host"), "IpcMode"),
    (with_host(IpcMode="shareable"), "IpcMode"),
    (with_host(UTSMode="host"), "UTSMode"),
    (with_host(UsernsMode="host"), "UsernsMode"),
    (with_host(CgroupnsMode="host"), "CgroupnsMode"),
    (with_host(CgroupParent="/"), "CgroupParent"),
    (with_host(Cgroup="container:x"), "Cgroup"),
    (with_host(NetworkMode="host"), "as the host itself"),
    (with_host(NetworkMode="container:server"), "by name"),
    (with_host(NetworkMode=NETWORK), "own"),
    (with_host(NetworkMode="other"), "allowed: prefect-"),
    (with_host(SecurityOpt=["seccomp=unconfined"]), "SecurityOpt"),
    (with_host(SecurityOpt=["no-new-privileges:false"]), "SecurityOpt"),
    (with_host(SecurityOpt=["label=disable"]), "SecurityOpt"),
    (with_host(Sysctls={"net.ipv4.ip_forward": "1"}), "Sysctls"),
    (with_host(Runtime="other"), "Runtime"),
    (with_host(VolumesFrom=["server"]), "volumes of other containers"),
    (with_host(VolumeDriver="evil"), "VolumeDriver"),
    (with_host(Mounts=[{"Type": "bind", "Source": "/", "Target": "/x"}]), "job variable volumes"),
    (with_host(MaskedPaths=[]), "protection"),
    (with_host(ReadonlyPaths=[]), "protection"),
    (with_host(LogConfig={"Type": "syslog", "Config": {}}), "LogConfig"),
    (with_host(RestartPolicy={"Name": "always"}), "started once"),
    (with_host(PortBindings={"80/tcp": [{"HostPort": "80"}]}), "ports"),
    (with_host(PublishAllPorts=True), "PublishAllPorts"),
    (with_host(Links=["server:server"]), "Links"),
    (with_host(OomKillDisable=True), "OomKillDisable"),
    (with_host(OomScoreAdj=-1000), "OomScoreAdj"),
    (with_host(Ulimits=[{"Name": "nofile", "Hard": 1, "Soft": 1}]), "Ulimits"),
    (with_host(StorageOpt={"size": "1"}), "StorageOpt"),
    (with_host(GroupAdd=["docker"]), "GroupAdd"),
    (with_host(ContainerIDFile="/etc/x"), "ContainerIDFile"),
    (with_host(Memory=2**31), "at most"),
    (with_host(Memory=-1), "between"),
    (with_host(MemorySwap=-1), "MemorySwap"),
    (with_host(MemorySwap=2**40), "MemorySwap"),
    (with_host(ShmSize=2**40), "ShmSize"),
    (with_host(PidsLimit=-1), "PidsLimit"),
    (with_host(NanoCpus=3 * 10**9), "NanoCpus"),
    (with_host(CpuQuota=-1), "NanoCpus"),
    (with_host(Memory=True), "whole number"),
    (with_host(Memory=1.5), "whole number"),
    (with_host(Tmpfs={"/x": "suid,dev"}), "Tmpfs"),
    # Go takes the fields of HostConfig beside Image, too, where there is no HostConfig.
    ({"Image": "x", "Privileged": True}, "Privileged"),
    ({"Image": "x", "Binds": ["/:/host"]}, "Binds"),
    ({"Image": "x", "hostconfig": {"Privileged": True}}, "hostconfig"),
    ({"Image": "x", "HOSTCONFIG": {"Privileged": True}}, "HOSTCONFIG"),
    ({"Image": "x", "Ho\u017ftConfig": {"Privileged": True}}, "not known"),
    (with_host(privileged=True), "privileged"),
    ({"Image": "x", "HostConfig": {"Bind\u017f": ["/:/x"]}}, "not known"),
    ({"Image": "x", "HostConfig": {"Networ\u212aMode": "host"}}, "not known"),
    ({"Image": "x", "MacAddress": "02:42:ac:11:00:02"}, "MacAddress"),
    ({"Image": "x", "ExposedPorts": {"80/tcp": {}, "x": {"y": 1}}}, "ExposedPorts"),
    ({"Image": "x", "Volumes": {"/a:/b": {}}}, "colon"),
    ({"Image": "x", "Labels": {"traefik.enable": "true"}}, "other programs"),
    ({"Image": "x", "Labels": {"Traefik.HTTP.x": "true"}}, "other programs"),
    ({"Image": "x", "Labels": {"selfhosted.prefect.socket-proxy": "another"}}, "other programs"),
    ({"Image": "x", "NetworkingConfig": {"EndpointsConfig": {NETWORK: {}}}}, "own"),
    ({"Image": "x", "NetworkingConfig": {"EndpointsConfig": {"prefect-a": {"Aliases": ["server"]}}}}, "Aliases"),
    ({"Image": "x", "NetworkingConfig": {"EndpointsConfig": {"prefect-a": {"Links": ["server"]}}}}, "Links"),
    ({"Image": "x", "NetworkingConfig": {"endpointsconfig": {NETWORK: {"Aliases": ["x"]}}}}, "EndpointsConfig"),
    ({"Image": "x", "Hostname": "server"}, 'Hostname may not be "server".*prefect_socket_proxy_reserved_names'),
    ({"Image": "x", "Hostname": "SERVER"}, "others find a service by that name"),
    ({"Image": "x", "Hostname": "worker-2"}, "others find a service by that name"),
    ({"Image": "x", "Hostname": "server.prefect-internal"}, "others find a service by that name"),
    ({"Image": "x", "Hostname": "server."}, "others find a service by that name"),
    ({"Image": "x", "Hostname": ".server"}, "others find a service by that name"),
    ({"Image": "x", "Hostname": "git.example.org"}, "others find a service by that name"),
    ({"Image": "x", "Hostname": "git", "Domainname": "Example.org"}, "Hostname with Domainname may not be"),
    ({"Image": "x", "Domainname": "server"}, "Domainname may not be"),
    ({"Image": "x", "Hostname": "a b"}, "Hostname may not be"),
    ({"Image": "../../containers/create"}, "name of an image"),
    ({"Image": ""}, "name of an image"),
    ({}, "no image"),
    ({"Image": "x", "Env": ["A=\0"]}, "NUL"),
    ({"Image": "x", "Env": ["A=\ud800"]}, "half a character"),
    ({"Image": "x", "StopTimeout": 2**80}, "too large"),
    ({"Image": "x", "Cmd": {"a": 1}}, "list of texts"),
    ({"Image": "x", "HostConfig": []}, "must be an object"),
    ({"Image": "x", "HostConfig": "x"}, "must be an object"),
]


@pytest.mark.parametrize(("body", "reason"), REFUSED)
def test_refused_with_the_reason(body: dict[str, t.Any], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        make(body)


@pytest.mark.parametrize(
    "names",
    [
        {"Hostname": "bright-owl", "Domainname": "runs.example.org"},
        {"Hostname": "git"},
        {"Hostname": "my-server.example.org"},
        {"Domainname": "example.org"},
    ],
)
def test_a_harmless_name_of_a_host_passes(names: dict[str, str]) -> None:
    assert make({"Image": "x", **names}).body.items() >= names.items()


def test_a_host_without_a_name_needs_none() -> None:
    reserved = Policy(network=NETWORK, reserved_names=("*",))
    assert (
        not {"Hostname", "Domainname"} & make({"Image": "x", "Hostname": "", "Domainname": None}, reserved).body.keys()
    )


SOCKETS = [
    *("/var/run/docker.sock", "/run/docker.sock", "/var/run/../run/docker.sock", "//var/run/docker.sock"),
    *("/var//run/docker.sock", "/var/run/docker.sock/", "/var/run/./docker.sock", "/proc/1/root/run/docker.sock"),
    *("/var/run", "/run", "/", "//", "/.", "/srv/data/../../run/docker.sock", "/srv/data/", "/srv/data/below"),
    *("/srv//data", "/SRV/DATA", "/srv/dat\u0430", "/etc", "/root", "/var/lib/docker", "./x", "../x", "~", "$HOME"),
]


@pytest.mark.parametrize("source", SOCKETS)
def test_a_host_path_that_is_not_listed_as_written_is_refused(source: str) -> None:
    for options in ("", ":ro", ":rw"):
        with pytest.raises(Refused, match="not one that flow runs may mount"):
            make(with_host(Binds=[f"{source}:/x{options}"]))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("/srv/data:/x", "read-only: write /srv/data:/x:ro"),
        ("/srv/data:/x:rw", "read-only"),
        ("/srv/data:/x:ro,rshared", "no other"),
        ("/srv/data:/x:ro,ro", "no other"),
        ("/srv/out:/x:Z", "no other"),
        ("/srv/out:/x:ro:rw", "colons"),
        ("/srv/out:x", "absolute"),
        ("relative", "absolute"),
        ("", "absolute"),
        ("other:/x", "allowed: cache-"),
        ("cache-1/../x:/x", "not one"),
    ],
)
def test_a_mount_that_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        policy_module.bind(POLICY, text)


@pytest.mark.parametrize(
    "text", ["/x", "cache-1:/x", "cache-1:/x:ro", "/srv/data:/x:ro", "/srv/out:/x", "/srv/out:/x:rw"]
)
def test_a_mount_that_passes_as_it_is(text: str) -> None:
    assert policy_module.bind(POLICY, text) == text


@pytest.mark.parametrize(
    "body",
    [
        b'{"Image":"x","Image":"y"}',
        b'{"Image":"x","image":"y"}',
        b'{"Image":"x","HostConfig":{},"hostConfig":{"Privileged":true}}',
        b'{"Image":"x","HostConfig":{"Binds":[],"bind\xc5\xbf":["/:/x"]}}',
        b'{"Image":"x","Labels":{"a":"1","A":"2","a":"3"}}',
        b'{"Image":"x"} {"Image":"y"}',
        b'{"Image":NaN}',
        b"[]",
        b"",
        b"\xff",
        b'\xef\xbb\xbf{"Image":"x"}',
        b'{"Image":"x","StopTimeout":' + b"9" * 10000 + b"}",
        b'{"a":' * 100_000,
        b'{"Image":"' + b"x" * 1024 * 1024 + b'"}',
    ],
)
def test_a_body_that_could_be_read_in_two_ways_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        policy_module.parse(body)


def test_labels_differ_by_case() -> None:
    assert make(b'{"Image":"x","Labels":{"a":"1","A":"2"}}').body["Labels"].keys() >= {"a", "A"}


@pytest.mark.parametrize(
    ("reference", "passes"),
    [
        ("prefecthq/prefect:3", True),
        ("prefecthq/prefect", True),
        ("docker.io/prefecthq/prefect:3.8-python3.12", True),
        ("prefecthq/prefect@sha256:" + "0" * 64, True),
        ("prefecthq/prefect:3@sha256:" + "0" * 64, True),
        ("python:3.12", True),
        ("library/python:3.12-slim", True),
        ("python:2", False),
        ("registry.example:5000/flows:1", True),
        ("registry.example:5000/team/flows:1", True),
        ("evil.example/prefecthq/prefect:3", False),
        ("prefecthq/prefect-evil:3", False),
        ("sha256:" + "0" * 64, False),
        ("f0763b382726", False),
    ],
)
def test_images_by_pattern(reference: str, passes: bool) -> None:
    policy = Policy(network=NETWORK, images=("prefecthq/prefect", "python:3.*", "registry.example:5000/*"))
    if passes:
        assert policy_module.check_image(policy, reference) == reference
    else:
        with pytest.raises(Refused, match="allowed: prefecthq/prefect"):
            policy_module.check_image(policy, reference)


DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("pattern", "reference", "passes"),
    [
        ("prefecthq/prefect:3-*", "prefecthq/prefect:3-x", True),
        ("prefecthq/prefect:3-*", f"prefecthq/prefect:3-x@{DIGEST}", False),
        ("prefecthq/prefect:3-*", f"docker.io/prefecthq/prefect:3-x@{DIGEST}", False),
        ("prefecthq/prefect:3-*", f"prefecthq/prefect@{DIGEST}", False),
        ("prefecthq/prefect:3-*", f"prefecthq/prefect@{DIGEST}:3-x", False),
        ("prefecthq/prefect:*", f"prefecthq/prefect:3@{DIGEST}", False),
        ("registry.example:5000/flows:1", f"registry.example:5000/flows:1@{DIGEST}", False),
        ("registry.example:5000/flows", f"registry.example:5000/flows:1@{DIGEST}", True),
        ("prefecthq/*", f"prefecthq/prefect:3@{DIGEST}", True),
        (f"prefecthq/prefect@{DIGEST}", f"prefecthq/prefect@{DIGEST}", True),
        (f"prefecthq/prefect@{DIGEST}", f"prefecthq/prefect:3@{DIGEST}", True),
        (f"prefecthq/prefect:3@{DIGEST}", f"prefecthq/prefect:3@{DIGEST}", True),
        (f"prefecthq/prefect@{DIGEST}", "prefecthq/prefect@sha256:" + "1" * 64, False),
        (f"prefecthq/prefect@{DIGEST}", "prefecthq/prefect:3", False),
    ],
)
def test_an_image_with_a_digest_is_not_allowed_by_its_tag(pattern: str, reference: str, passes: bool) -> None:
    policy = Policy(network=NETWORK, images=(pattern,))
    if passes:
        assert policy_module.check_image(policy, reference) == reference
    else:
        with pytest.raises(Refused, match="not one that flow runs may use"):
            policy_module.check_image(policy, reference)


def test_the_refusal_of_a_digest_says_why_where_the_digest_is_why() -> None:
    policy = Policy(network=NETWORK, images=("prefecthq/prefect:3-*",))
    why = "goes by the digest and ignores the tag.* use the image without its digest, or have it allowed without a tag"
    with pytest.raises(Refused, match=why):
        policy_module.check_image(policy, f"prefecthq/prefect:3-x@{DIGEST}")
    for other in (f"evil.example/x:3-x@{DIGEST}", "prefecthq/prefect:2"):
        with pytest.raises(Refused) as refused:
            policy_module.check_image(policy, other)
        assert "digest" not in str(refused.value)


@pytest.mark.parametrize(
    "name",
    [
        *("server", "Server", "/server", "worker", "worker-2", "WOR\u212aER", "a b", "../x", ""),
        *("server.prefect-internal", "git.example.org"),
    ],
)
def test_a_name_that_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        policy_module.check_name(POLICY, name)


def test_a_name_that_passes() -> None:
    assert policy_module.check_name(POLICY, "/bright-owl") == "bright-owl"


@pytest.mark.parametrize(
    ("paths", "reason"),
    [
        (["relative"], "not an absolute path"),
        (["/srv/x/"], "not an absolute path"),
        (["/srv/../x"], "not an absolute path"),
        (["//srv/x"], "not an absolute path"),
        (["/srv/a:b"], "not an absolute path"),
        (["/"], "socket"),
        (["/run"], "part of the system"),
        (["/var/run"], "socket"),
        (["/var/run/docker.sock"], "socket"),
        (["/data/docker"], "socket"),
        (["/etc/ssl"], "part of the system"),
        (["/home"], "part of the system"),
        (["/var/lib/docker/volumes"], "part of the system"),
        (["/srv/a", "/srv/a/b"], "may write to"),
    ],
)
def test_rules_that_give_the_host_away_are_no_rules(paths: list[str], reason: str) -> None:
    rules = {
        "network": NETWORK,
        "socket": "/data/docker/docker.sock",
        "paths": [{"path": path, "read_only": False} for path in paths],
    }
    with pytest.raises(ValueError, match=reason):
        Policy.from_json(json.dumps(rules))


def test_rules_that_are_not_known_are_no_rules() -> None:
    with pytest.raises(ValueError, match="unknown rules: privileged"):
        Policy.from_json('{"network": "x", "privileged": true}')
    rules = '{"network": "x", "paths": [{"path": "/srv/a"}, {"path": "/srv/a/b", "read_only": false}]}'
    assert [item.read_only for item in Policy.from_json(rules).paths] == [True, False]


def test_a_log_in_and_a_connection_have_nothing_else_in_them() -> None:
    assert policy_module.login({"username": "u", "password": "p", "email": None}) == {"username": "u", "password": "p"}
    with pytest.raises(Refused):
        policy_module.login({"username": "u", "proxy": "x"})
    assert policy_module.connection(POLICY, {"Container": "abc", "EndpointConfig": {"Aliases": None}}) == "abc"
    for more in (
        {"Force": True},
        {"EndpointConfig": {"Aliases": ["server"]}},
        {"EndpointConfig": {"IPAMConfig": {"a": 1}}},
    ):
        with pytest.raises(Refused):
            policy_module.connection(POLICY, {"Container": "abc", **more})


# --- Whatever is asked ---------------------------------------------------------------------------

DANGEROUS = {
    *("privileged", "capadd", "devices", "devicerequests", "devicecgrouprules", "pidmode", "utsmode", "usernsmode"),
    *("cgroupparent", "cgroup", "sysctls", "runtime", "volumesfrom", "volumedriver", "mounts", "maskedpaths"),
    *("readonlypaths", "logconfig", "restartpolicy", "portbindings", "publishallports", "links", "oomkilldisable"),
    *("oomscoreadj", "ulimits", "storageopt", "groupadd", "containeridfile", "blkiodevicewritebps", "annotations"),
    *("kernelmemory", "isolation", "macaddress", "exposedports", "onbuild", "shell", "consolesize"),
}
"""Names, without their case, that are never in what the engine gets."""


class Pairs(list[t.Any]):
    """A JSON object as it is written, in which a name may come twice."""


SPELLINGS = st.sampled_from(
    [
        *DANGEROUS,
        "Privileged",
        "HostConfig",
        "hostconfig",
        "Binds",
        "NetworkMode",
        "IpcMode",
        "SecurityOpt",
        "Labels",
        "NetworkingConfig",
        "EndpointsConfig",
        "CgroupnsMode",
        "Image",
        "Env",
        "CapDrop",
        "Memory",
        "Volumes",
        "AutoRemove",
    ]
).flatmap(
    lambda name: st.sampled_from(
        [name, name.lower(), name.upper(), name.swapcase(), name.replace("s", "\u017f"), name.replace("k", "\u212a")]
    )
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-5, 2**40),
        st.sampled_from(
            [
                "",
                "host",
                "container:x",
                NETWORK,
                "prefect-a",
                "/:/x",
                "/srv/data:/x",
                "/srv/data:/x:ro",
                "cache-1:/x",
                *("unconfined", "no-new-privileges", "private", "/var/run/docker.sock:/x", "x", "server", "always"),
            ]
        ),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.lists(st.tuples(SPELLINGS, inner), max_size=4).map(Pairs)),
    max_leaves=12,
)


def written(value: t.Any) -> str:
    if isinstance(value, Pairs):
        return "{" + ",".join(f"{json.dumps(name)}:{written(item)}" for name, item in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value)


def as_go_reads(value: t.Any) -> t.Any:
    """An object by names without their case, of which the last counts."""
    if isinstance(value, dict):
        return {
            name.replace("\u212a", "k").replace("\u017f", "s").lower(): as_go_reads(item)
            for name, item in value.items()
        }
    return [as_go_reads(item) for item in value] if isinstance(value, list) else value


def assert_harmless(body: dict[str, t.Any]) -> None:
    """Look at a body as the engine does, and by other means than the rules."""
    read = as_go_reads(body)
    host = read["hostconfig"]
    assert not DANGEROUS & (read.keys() | host.keys())
    assert host.get("networkmode") in ("default", "none") or host["networkmode"].startswith("prefect-")
    assert host["networkmode"] != NETWORK
    assert set((read.get("networkingconfig") or {}).keys()) <= {"endpointsconfig"}
    for name, endpoint in ((read.get("networkingconfig") or {}).get("endpointsconfig") or {}).items():
        assert name != NETWORK
        assert endpoint == {}
    assert host.get("ipcmode", "") in ("", "private", "none")
    assert host.get("cgroupnsmode", "") in ("", "private")
    assert host["securityopt"] == ["no-new-privileges"]
    assert {"MKNOD", "NET_RAW"} <= set(host["capdrop"])
    for bind in host.get("binds", []):
        source, _colon, rest = bind.partition(":")
        assert (
            source.startswith("cache-") or source == "/srv/out" or not rest or re.fullmatch("/srv/data:/[xc]:ro", bind)
        )
    assert 0 < host["memory"] <= 2**30
    assert 0 < host["pidslimit"] <= 512
    assert read["labels"]["selfhosted.prefect.socket-proxy"] == NETWORK


@given(
    top=st.lists(st.tuples(SPELLINGS, VALUES), max_size=3),
    host=st.lists(st.tuples(SPELLINGS, VALUES), max_size=3),
    where=st.sampled_from(["HostConfig", "hostConfig", "HO\u017fTCONFIG"]),
)
@example(top=[("privileged", True)], host=[], where="HostConfig")
@example(top=[], host=[("Binds", ["/srv/data:/x:ro"])], where="HostConfig")
def test_whatever_passes_has_nothing_dangerous_for_a_reader_without_case(
    top: list[tuple[str, t.Any]], host: list[tuple[str, t.Any]], where: str
) -> None:
    text = written(Pairs([("Image", "x"), *top, (where, Pairs(host))]))
    try:
        made = make(text.encode())
    except Refused:
        return
    assert_harmless(json.loads(json.dumps(made.body)))


@given(
    env=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=5),
    memory=st.integers(0, 2**30),
    network=st.sampled_from(["", "default", "bridge", "none", "prefect-internal"]),
    volumes=st.lists(st.sampled_from(["cache-a:/a", "/srv/out:/b", "/srv/data:/c:ro", "/d"]), max_size=4),
)
def test_whatever_is_harmless_passes_unchanged(env: list[str], memory: int, network: str, volumes: list[str]) -> None:
    made = make({"Image": "x", "Env": env, "HostConfig": {"Memory": memory, "NetworkMode": network, "Binds": volumes}})
    assert_harmless(json.loads(json.dumps(made.body)))
    assert made.body["Env"] == env
    assert made.body["HostConfig"]["Binds"] == volumes
    assert made.body["HostConfig"]["Memory"] == (memory or 2**30)


# --- What was made -------------------------------------------------------------------------------


class EngineError(Exception):
    """Where httpx.HTTPError would be."""


class EngineClient:
    """Where httpx.AsyncClient would be: one connection for each request, which is waited for."""

    def __init__(self, transport: str, **_options: t.Any) -> None:
        self._path = transport

    def build_request(self, method: str, url: str, headers: t.Any, content: bytes | None) -> tuple[t.Any, ...]:
        return method, url.removeprefix("http://engine"), content, headers

    async def send(self, request: tuple[t.Any, ...], stream: bool = False) -> SimpleNamespace:
        connection = http.client.HTTPConnection("engine")
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.connect(self._path)
            connection.request(*request)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise EngineError from error
        finally:
            connection.close()
        return SimpleNamespace(
            status_code=answer.status,
            headers=answer.headers,
            content=content,
            text=content.decode(),
            json=lambda: json.loads(content),
        )

    async def get(self, url: str, timeout: float) -> SimpleNamespace:
        return await self.send(self.build_request("GET", url, {}, None))

    async def delete(self, url: str, timeout: float) -> SimpleNamespace:
        return await self.send(self.build_request("DELETE", url, {}, None))

    async def aclose(self) -> None:
        """Nothing is kept open."""


class ProxyResponse:
    """Where starlette's would be."""

    def __init__(self, content: bytes, status_code: int, headers: t.Any = None, media_type: str | None = None) -> None:
        self.body = content
        self.status_code = status_code


STAND_INS: dict[str, dict[str, t.Any]] = {
    "anyio": {
        "CancelScope": lambda shield: contextlib.nullcontext(),
        "fail_after": lambda seconds: contextlib.nullcontext(),
    },
    "httpx": {
        "AsyncClient": EngineClient,
        "AsyncHTTPTransport": lambda uds, limits: uds,
        "HTTPError": EngineError,
        "Limits": dict,
        "Timeout": lambda *_args, **_options: None,
    },
    "starlette": {},
    "starlette.requests": {"ClientDisconnect": type("ClientDisconnect", (Exception,), {}), "Request": object},
    "starlette.responses": dict.fromkeys(("JSONResponse", "Response", "StreamingResponse"), ProxyResponse),
    "uvicorn": {},
}
"""What the proxy finds in an image of Prefect, as far as these tests go; the rest is for the tests of the role."""


class Engine(UnixEngine):
    """Answers each request as it is told to, and with 404 what it knows nothing of.

    :param answers: Status and body by method and path; with 0 it hangs up.
    """

    def __init__(self, path: Path, answers: dict[str, tuple[int, t.Any]]) -> None:
        self.answers = answers
        super().__init__(path, 404, b'{"message": "no such thing"}')

    def finish_request(self, request: t.Any, client_address: t.Any) -> None:
        EngineAnswer(request, client_address, self)


class EngineAnswer(BaseHTTPRequestHandler):
    """One answer."""

    def answer(self) -> None:
        assert isinstance(self.server, Engine)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = f"{self.command} {self.path}"
        self.server.requests.append(asked)
        status, told = self.server.answers.get(asked, (404, {"message": "no such thing"}))
        if status:
            content = b"" if status == 204 else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *_arguments: t.Any) -> None:
        """Print nothing."""


class Proxied:
    """The proxy in front of an engine that does as it is told.

    :param path: The engine's socket.
    :param module: The proxy's program.
    """

    def __init__(self, path: Path, module: t.Any) -> None:
        self.module = module
        self.engine = Engine(path, {})
        self._path = str(path)

    def ask(self, handler: str, method: str, path: str, body: bytes = b"", **query: str) -> t.Any:
        """Ask for what has been understood."""

        async def stream() -> t.AsyncIterator[bytes]:
            yield body

        request = SimpleNamespace(headers={}, stream=stream)
        parts = {"container": path.split("/")[2]} if handler == "container" else {}
        asked = self.module.Asked(method, "/v1.41", path, parts, query, request)

        async def answer() -> t.Any:
            proxy = self.module.application(POLICY, self._path)
            async with contextlib.aclosing(proxy._engine):
                return await getattr(proxy, handler)(asked)

        return asyncio.run(answer())

    def create(self) -> t.Any:
        return self.ask("create", "POST", "/containers/create", b'{"Image":"x:1"}', name="owl")

    def use(self, what: str, method: str = "POST") -> t.Any:
        return self.ask("container", method, f"/containers/owl{what}")


@pytest.fixture
def proxied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Proxied]:
    """Load the proxy's program, with the real modules where they are installed."""
    for name in [name for name in STAND_INS if importlib.util.find_spec(name.split(".", maxsplit=1)[0]) is None]:
        module = ModuleType(name)
        vars(module).update(STAND_INS[name])
        monkeypatch.setitem(sys.modules, name, module)
    proxied = Proxied(tmp_path / "engine", load("socket_proxy"))
    yield proxied
    proxied.engine.shutdown()
    proxied.engine.server_close()


IDENTIFIER = "c" * 64
LOOK = "GET /v1.41/images/x:1/json"
CREATE = "POST /v1.41/containers/create?name=owl"
INSPECT = f"GET /v1.41/containers/{IDENTIFIER}/json"
BY_NAME = "GET /v1.41/containers/owl/json"
ASKED_REMOVE = f"DELETE /v1.41/containers/{IDENTIFIER}"
REMOVE = f"{ASKED_REMOVE}?force=1&v=1"
START = f"POST /v1.41/containers/{IDENTIFIER}/start"

MADE = (201, {"Id": IDENTIFIER, "Warnings": []})
REASON = 'The image of a container may not have the label "traefik.enable": other programs act upon it'


def image(*labels: str) -> tuple[int, t.Any]:
    """What the engine says of an image with labels."""
    return 200, {"Config": {"Labels": dict.fromkeys(labels, "true")}}


def container(*labels: str) -> tuple[int, t.Any]:
    """What the engine says of a container that was made here, with labels."""
    own = {policy_module.OWNER_LABEL: NETWORK}
    return 200, {"Id": IDENTIFIER, "Config": {"Labels": dict.fromkeys(labels, "true") | own}}


def test_a_container_whose_labels_are_harmless_is_kept(proxied: Proxied) -> None:
    proxied.engine.answers = {LOOK: image("a"), CREATE: MADE, INSPECT: container("a")}
    answer = proxied.create()
    assert (answer.status_code, json.loads(answer.body)) == MADE
    assert proxied.engine.requests == [LOOK, CREATE, INSPECT]


def test_an_image_with_a_refused_label_makes_nothing(proxied: Proxied) -> None:
    proxied.engine.answers = {LOOK: image("traefik.enable")}
    with pytest.raises(Refused, match=REASON):
        proxied.create()
    assert proxied.engine.requests == [LOOK]


@pytest.mark.parametrize("look", [image("a"), (404, {"message": "No such image: x:1"})])
def test_a_container_of_another_image_than_was_looked_at_is_removed(proxied: Proxied, look: tuple[int, t.Any]) -> None:
    proxied.engine.answers = {LOOK: look, CREATE: MADE, INSPECT: container("traefik.enable"), REMOVE: (204, None)}
    with pytest.raises(Refused, match=REASON) as refused:
        proxied.create()
    assert refused.value.status == 403
    assert proxied.engine.requests == [LOOK, CREATE, INSPECT, REMOVE]


@pytest.mark.parametrize("told", [(500, {"message": "no"}), (404, {"message": "no"}), (0, None), (200, "nonsense")])
def test_a_container_that_cannot_be_looked_at_is_removed(proxied: Proxied, told: tuple[int, t.Any]) -> None:
    proxied.engine.answers = {LOOK: image(), CREATE: MADE, INSPECT: told, REMOVE: (204, None)}
    errors = (proxied.module.Answered, proxied.module.httpx.HTTPError, AttributeError)
    with pytest.raises(errors) as error:
        proxied.create()
    if isinstance(error.value, proxied.module.Answered):
        assert error.value.response.status_code == told[0]
    assert proxied.engine.requests[-1] == REMOVE


@pytest.mark.parametrize("told", [(500, {"message": "no"}), (0, None)])
def test_a_refused_container_that_cannot_be_removed_is_refused_and_logged(
    proxied: Proxied, told: tuple[int, t.Any], capsys: pytest.CaptureFixture[str]
) -> None:
    proxied.engine.answers = {LOOK: image(), CREATE: MADE, INSPECT: container("traefik.enable"), REMOVE: told}
    with pytest.raises(Refused, match=REASON):
        proxied.create()
    assert proxied.engine.requests[-1] == REMOVE
    assert f"could not remove the container {IDENTIFIER}" in capsys.readouterr().err


def test_what_the_engine_does_not_make_is_neither_looked_at_nor_removed(proxied: Proxied) -> None:
    proxied.engine.answers = {LOOK: image(), CREATE: (409, {"message": "the name is in use"})}
    answer = proxied.create()
    assert (answer.status_code, json.loads(answer.body)) == (409, {"message": "the name is in use"})
    assert proxied.engine.requests == [LOOK, CREATE]


def test_a_container_with_a_refused_label_can_be_removed_but_not_started_before_it_was_looked_at(
    proxied: Proxied,
) -> None:
    proxied.engine.answers = {BY_NAME: container("Traefik.enable"), ASKED_REMOVE: (204, None)}
    with pytest.raises(Refused, match="may not have the label"):
        proxied.use("/start")
    assert proxied.use("", "DELETE").status_code == 204
    assert START not in proxied.engine.requests


def test_a_container_with_harmless_labels_is_started(proxied: Proxied) -> None:
    proxied.engine.answers = {BY_NAME: container("a"), START: (204, None)}
    assert proxied.use("/start").status_code == 204


@pytest.mark.parametrize("digest", [DIGEST, "sha512:" + "0" * 128])
def test_a_pull_with_a_digest_for_its_tag_is_not_allowed_by_a_tag(proxied: Proxied, digest: str) -> None:
    proxy = proxied.module.application(Policy(network=NETWORK, images=("prefecthq/prefect:*",)), "/nowhere")
    query = {"fromImage": "prefecthq/prefect:3", "tag": digest}
    asked = proxied.module.Asked("POST", "/v1.41", "/images/create", {}, query, None)
    with pytest.raises(Refused, match="goes by the digest"):
        asyncio.run(proxy.pull(asked))
