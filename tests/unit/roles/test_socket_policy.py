# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The socket proxy's rules: what a body becomes, and that nothing dangerous is left in it."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import typing as t
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

SOURCE = Path(__file__).parents[3] / "roles" / "socket_proxy" / "files" / "socket_policy.py"
NETWORK = "prefect-socket-proxy"


def load() -> t.Any:
    """Import the file, which is part of a role and of no package."""
    spec = importlib.util.spec_from_file_location("socket_policy", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    sys.modules["socket_policy"] = module
    spec.loader.exec_module(module)
    return module


policy_module = load()
Refused = policy_module.Refused
Policy = policy_module.Policy
HostPath = policy_module.HostPath

POLICY = Policy(
    network=NETWORK,
    networks=("prefect-*", "bridge", "none"),
    volumes=("cache-*",),
    paths=(HostPath("/srv/data"), HostPath("/srv/out", read_only=False)),
    reserved_names=("server", "worker*"),
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


@pytest.mark.parametrize(
    "name", ["server", "Server", "/server", "worker", "worker-2", "WOR\u212aER", "a b", "../x", ""]
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
