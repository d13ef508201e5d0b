# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a worker may ask of the Docker engine.

Nothing here talks to anybody: the functions take what was asked and return
what the engine is asked instead, built anew from the parts that are known to
be harmless. What is not known is refused, never passed on.

The engine decodes JSON with Go's package, which takes C(privileged) for
C(Privileged) and the last of two equal keys. So nothing of a body is forwarded
as it came: a name that is not spelt exactly as the engine's documentation has
it is unknown here, and two spellings of one name are refused.
"""

from __future__ import annotations

import json
import posixpath
import re
import sys
import typing as t
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

OWNER_LABEL = "selfhosted.prefect.socket-proxy"
"""Label of the containers that were made through a proxy; its value tells which one."""

MAX_BODY = 1024 * 1024
"""Bytes of a request's body. The largest part of one is a flow run's environment, of which Linux takes less."""

MAX_NUMBER = 2**53
"""What every decoder of JSON takes for the same number."""

SHOWN = 120
"""Characters of a value that a refusal repeats."""

Json = dict[str, t.Any]


class Refused(Exception):  # noqa: N818 (an answer, not a failure of the program)
    """What was asked is not allowed.

    :param reason: What and why, for whoever reads the flow run's log.
    :param status: HTTP status: 403, or 400 for what is no request at all.
    """

    def __init__(self, reason: str, status: int = 403) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class HostPath:
    """A directory of the host that runs may mount.

    :param path: Exactly as a run must name it; nothing below it is meant.
    :param read_only: Whether only with the option V(ro).
    """

    path: str
    read_only: bool = True


@dataclass(frozen=True)
class Policy:
    """The operator's rules.

    :param network: Network of the proxy itself, which no run may join; also the value of the owner's label.
    :param socket: The engine's socket on the host.
    :param images: Patterns of images; one without a tag means all tags and digests, one with a tag no digest.
    :param networks: Patterns of networks that runs may join; V(bridge) is the engine's default one.
    :param volumes: Patterns of named volumes.
    :param paths: Directories of the host.
    :param reserved_names: Patterns of names, of containers and hosts, that are not for runs, since others look them up.
    :param refused_labels: Patterns of labels that other programs act upon.
    :param memory: Bytes that a run has at most, and has when it names none. 0: no limit.
    :param cpus: Processors, likewise, in billionths.
    :param pids: Processes and threads, likewise.
    :param cap_drop: Capabilities that every run loses.
    :param no_new_privileges: Whether programs with set-user-ID bits give runs nothing.
    """

    network: str
    socket: str = "/var/run/docker.sock"
    images: t.Sequence[str] = ("*",)
    networks: t.Sequence[str] = ("bridge", "none")
    volumes: t.Sequence[str] = ()
    paths: t.Sequence[HostPath] = ()
    reserved_names: t.Sequence[str] = ()
    refused_labels: t.Sequence[str] = ()
    memory: int = 0
    cpus: int = 0
    pids: int = 0
    cap_drop: t.Sequence[str] = ()
    no_new_privileges: bool = True

    @classmethod
    def from_json(cls, text: str) -> Policy:
        """Read the rules as the role writes them.

        :raises ValueError: They are not what this version of the proxy knows, or a path is not one to give away.
        """
        data = json.loads(text)
        unknown = sorted(set(data) - set(cls.__dataclass_fields__))
        if unknown:
            raise ValueError(f"unknown rules: {', '.join(unknown)}")
        data["paths"] = tuple(HostPath(**item) for item in data.get("paths", ()))
        policy = cls(**data)
        policy.check_paths()
        return policy

    def check_paths(self) -> None:
        """Make sure that no directory gives away the host.

        :raises ValueError: One does, or is not written plainly.
        """
        for item in self.paths:
            if not re.fullmatch("/([^/:][^:]*)?", item.path) or posixpath.normpath(item.path) != item.path:
                raise ValueError(f"{item.path} is not an absolute path without '..', ':', double or trailing slashes")
            if within(self.socket, item.path) or within("/var/run/docker.sock", item.path):
                raise ValueError(f"{item.path} holds the engine's socket")
            if item.path in SYSTEM_PATHS or any(within(item.path, tree) for tree in SYSTEM_TREES):
                raise ValueError(f"{item.path} is a part of the system")
            for other in self.paths:
                # A run that may write to a directory may put a symbolic link there, which the engine follows.
                if other is not item and not other.read_only and within(item.path, other.path):
                    raise ValueError(f"{item.path} lies in {other.path}, which runs may write to")


SYSTEM_PATHS = frozenset(("/", "/home", "/usr", "/var", "/var/lib", "/opt", "/srv", "/mnt", "/media", "/tmp"))  # noqa: S108
"""Directories that are too much, though parts of them may be meant."""

SYSTEM_TREES = (
    *("/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys", "/usr/bin"),
    *("/usr/lib", "/usr/sbin", "/var/lib/containerd", "/var/lib/docker", "/var/run", "/var/spool/cron"),
)
"""Directories of which no part is for runs."""


def within(path: str, directory: str) -> bool:
    """Whether a path is a directory or lies in it, both as written."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def shown(value: t.Any) -> str:
    """A value as a refusal repeats it: one short line."""
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def matches(value: str, patterns: t.Iterable[str]) -> bool:
    """Whether one of the patterns, with V(*) and V(?), means the value."""
    return any(fnmatchcase(value, pattern) for pattern in patterns)


def fold(name: str) -> str:
    """A name such that all that Go's decoder takes for one are one.

    It compares letters without their case, and has two more for K and S: the Kelvin sign and the long s.
    """
    return name.replace("\u212a", "k").replace("\u017f", "s").lower()


# --- JSON ----------------------------------------------------------------------------------------


def _no_constant(name: str) -> t.NoReturn:
    raise Refused(f"The body is not JSON: {name} is no value.", 400)


def _object(pairs: list[tuple[str, t.Any]]) -> Json:
    seen: set[str] = set()
    for name, _value in pairs:
        # Labels and the like are dictionaries of the user's own: there, case tells names apart.
        plain = fold(name) if fold(name) in _FOLDED else name
        if plain in seen:
            raise Refused(f"The body has {shown(name)} twice, in some spelling.", 400)
        seen.add(plain)
    return dict(pairs)


def _plain(value: t.Any) -> None:
    """Refuse text and numbers that two programs may read differently."""
    if isinstance(value, str):
        if "\0" in value:
            raise Refused("The body has a NUL character in it.", 400)
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Refused("The body has half a character in it.", 400) from None
    elif isinstance(value, (int, float)) and not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise Refused("The body has a number in it that is too large.", 400)
    elif isinstance(value, dict):
        for name, item in value.items():
            _plain(name)
            _plain(item)
    elif isinstance(value, list):
        for item in value:
            _plain(item)


def parse(body: bytes) -> Json:
    """Read a body, of which every decoder must think the same.

    :raises Refused: It is no JSON object, or is one that could be read in two ways.
    """
    if len(body) > MAX_BODY:
        raise Refused(f"The body is larger than {MAX_BODY} bytes.", 413)
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant)
        _plain(value)
    except Refused:
        raise
    except (ValueError, RecursionError):
        raise Refused("The body is not JSON in UTF-8.", 400) from None
    if not isinstance(value, dict):
        raise Refused("The body is not a JSON object.", 400)
    return value


# --- Values --------------------------------------------------------------------------------------

Check = t.Callable[[Policy, str, t.Any], t.Any]
"""Takes the rules, the name of a field and its value; returns what the engine gets. None: nothing."""


def _is_empty(value: t.Any) -> bool:
    """Whether a value is what a field has that was left out."""
    if isinstance(value, dict):
        return all(_is_empty(item) for item in value.values())
    return value is None or value is False or value in (0, "", [])


def _flag(_policy: Policy, name: str, value: t.Any) -> bool:
    if not isinstance(value, bool):
        raise Refused(f"{name} must be true or false.", 400)
    return value


def _text(pattern: str) -> Check:
    compiled = re.compile(pattern)

    def check(_policy: Policy, name: str, value: t.Any) -> t.Any:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise Refused(f"{name} may not be {shown(value)}.")
        return value or None

    return check


def _texts(pattern: str = r"(?s:.*)") -> Check:
    compiled = re.compile(pattern)

    def check(_policy: Policy, name: str, value: t.Any) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise Refused(f"{name} must be a list of texts.", 400)
        for item in value:
            if not compiled.fullmatch(item):
                raise Refused(f"{name} may not have {shown(item)}.")
        return value

    return check


def _command(_policy: Policy, name: str, value: t.Any) -> t.Any:
    if isinstance(value, str):
        return value
    return _texts()(_policy, name, value)


def _number(low: int, high: int) -> Check:
    def check(_policy: Policy, name: str, value: t.Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Refused(f"{name} must be a whole number.", 400)
        if not low <= value <= high:
            raise Refused(f"{name} must be between {low} and {high}, and is {value}.")
        return value

    return check


def _labels(policy: Policy, name: str, value: t.Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise Refused(f"{name} must be texts by name.", 400)
    check_labels(policy, value, "The container")
    return dict(value)


def check_labels(policy: Policy, labels: t.Iterable[str], whose: str) -> None:
    """Refuse labels that other programs act upon.

    :raises Refused: There is one.
    """
    for label in labels:
        if matches(fold(label), map(fold, policy.refused_labels)) or fold(label) == OWNER_LABEL:
            raise Refused(f"{whose} may not have the label {shown(label)}: other programs act upon it.")


def check_made(policy: Policy, container: Json) -> None:
    """Refuse a container, as the engine tells of it, for labels that it has from its image.

    :raises Refused: It has one that other programs act upon.
    """
    labels = (container.get("Config") or {}).get("Labels") or {}
    check_labels(policy, (label for label in labels if label != OWNER_LABEL), "The image of a container")


def _anonymous_volumes(_policy: Policy, name: str, value: t.Any) -> dict[str, Json]:
    if not isinstance(value, dict) or not all(_is_empty(item) for item in value.values()):
        raise Refused(f"{name} must be empty objects by path.", 400)
    for path in value:
        _container_path(name, path)
    return {path: {} for path in value}


def _container_path(name: str, path: str) -> None:
    if not re.fullmatch(r"/[^:\0]*", path):
        raise Refused(f"{name} may not have {shown(path)}: it must be an absolute path without a colon.")


def _healthcheck(policy: Policy, name: str, value: t.Any) -> Json:
    hour = 3600 * 10**9
    fields: dict[str, Check] = {
        "Test": _texts(),
        "Interval": _number(0, hour),
        "Timeout": _number(0, hour),
        "StartPeriod": _number(0, hour),
        "Retries": _number(0, 1000),
    }
    return _fields(policy, name, value, fields)


def _nothing(why: str) -> Check:
    def check(_policy: Policy, name: str, value: t.Any) -> None:
        raise Refused(f"{name} is not for flow runs: {why} (it is {shown(value)}).")

    return check


def _one_of(*allowed: str) -> Check:
    def check(_policy: Policy, name: str, value: t.Any) -> t.Any:
        if value not in allowed:
            raise Refused(f"{name} may not be {shown(value)}; allowed: {', '.join(allowed)}.")
        return value

    return check


def _security(_policy: Policy, name: str, value: t.Any) -> list[str]:
    known = ("no-new-privileges", "no-new-privileges:true", "no-new-privileges=true")
    for item in _texts()(_policy, name, value):
        if item not in known:
            raise Refused(f"{name} may not have {shown(item)}; allowed: no-new-privileges.")
    return ["no-new-privileges"]


def _restart(_policy: Policy, name: str, value: t.Any) -> None:
    if not isinstance(value, dict) or value.get("Name") not in ("", "no") or not _is_empty({**value, "Name": ""}):
        raise Refused(f"{name} may not be {shown(value)}: a flow run is started once, and by its worker.")


def _tmpfs(_policy: Policy, name: str, value: t.Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise Refused(f"{name} must be options by path.", 400)
    option = r"(size=\d+[kmgKMG%]?|mode=[0-7]+|uid=\d+|gid=\d+|rw|ro|exec|noexec|nosuid|nodev)"
    for path, options in value.items():
        _container_path(name, path)
        if not re.fullmatch(rf"({option}(,{option})*)?", options):
            raise Refused(f"{name} may not have the options {shown(options)}.")
    return dict(value)


NETWORK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def check_network(policy: Policy, name: t.Any) -> str:
    """Return a network's name if a run may join it.

    The engine takes an identifier for a name, too, so whoever has an engine asks it and checks what it answers as well.

    :raises Refused: It may not.
    """
    if name in ("", "default"):
        name = "bridge"
    if not isinstance(name, str) or not NETWORK.fullmatch(name):
        raise Refused(
            f"The network may not be {shown(name)}: a flow run has a network of its own or joins one by name."
        )
    if name == "host":
        raise Refused("The network may not be 'host': the flow run would listen and talk as the host itself.")
    if name == policy.network:
        raise Refused(f"The network {name} is the socket proxy's own: a flow run in it could use the Docker engine.")
    if not matches(name, policy.networks):
        raise Refused(
            f"The network {shown(name)} is not one that flow runs may join; allowed: {', '.join(policy.networks)}"
            " (prefect_socket_proxy_allowed_networks)."
        )
    return name


def _network_mode(policy: Policy, _name: str, value: t.Any) -> str:
    name = check_network(policy, value)
    return "default" if name == "bridge" else name


def _binds(policy: Policy, name: str, value: t.Any) -> list[str]:
    return [bind(policy, item) for item in _texts()(policy, name, value)]


def bind(policy: Policy, text: str) -> str:
    """Return a mount such as V(data:/data) or V(/srv/data:/data:ro) if a run may have it.

    :raises Refused: It may not.
    """
    parts = text.split(":")
    if len(parts) == 1:
        _container_path("A volume", text)
        return text
    if len(parts) > 3:
        raise Refused(f"The volume {shown(text)} has too many colons.")
    source, target = parts[:2]
    options = parts[2].split(",") if len(parts) == 3 else []
    _container_path("A volume", target)
    for option in options:
        if option not in ("ro", "rw") or len(options) > 1:
            raise Refused(f"The volume {shown(text)} may have the option ro or rw, and no other.")
    if source.startswith("/"):
        found = next((item for item in policy.paths if item.path == source), None)
        if found is None:
            listed = ", ".join(item.path for item in policy.paths) or "none"
            raise Refused(
                f"The host path {shown(source)} is not one that flow runs may mount, exactly as written;"
                f" allowed: {listed} (prefect_socket_proxy_allowed_paths)."
            )
        if found.read_only and options != ["ro"]:
            raise Refused(f"The host path {source} may be mounted read-only: write {source}:{target}:ro.")
    elif not NETWORK.fullmatch(source) or not matches(source, policy.volumes):
        listed = ", ".join(policy.volumes) or "none"
        raise Refused(
            f"The volume {shown(source)} is not one that flow runs may mount; allowed: {listed}"
            " (prefect_socket_proxy_allowed_volumes)."
        )
    return ":".join([source, target, *options])


# --- Images --------------------------------------------------------------------------------------

IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/-]*")


def check_image(policy: Policy, reference: t.Any) -> str:
    """Return an image's reference, as it came, if a run may use it.

    :raises Refused: It may not.
    """
    if not isinstance(reference, str) or len(reference) > 512 or not IMAGE.fullmatch(reference):
        raise Refused(f"{shown(reference)} is not the name of an image.", 400)
    if any(part in ("", ".", "..") for part in reference.split("/")):
        raise Refused(f"{shown(reference)} is not the name of an image.", 400)
    if "*" in policy.images:
        return reference
    plain = _plain_image(reference)
    name, _at, digest = plain.partition("@")
    repository = _repository(name)
    hint = ""
    for pattern in map(_plain_pattern, policy.images):
        if "@" in pattern:
            meant = [plain, f"{repository}@{digest}"] if digest else [plain]
        elif _repository(pattern) == pattern:
            meant = [repository]
        elif not digest:
            meant = [plain]
        else:
            # The engine ignores a tag beside a digest, so the tag says nothing about what would run.
            meant = []
            if fnmatchcase(repository, _repository(pattern)):
                hint = (
                    " The Docker engine goes by the digest and ignores the tag, so a name with a tag does not allow it:"
                    " use the image without its digest, or have it allowed without a tag or with this digest."
                )
        if any(fnmatchcase(item, pattern) for item in meant):
            return reference
    raise Refused(
        f"The image {shown(reference)} is not one that flow runs may use; allowed: {', '.join(policy.images)}"
        f" (prefect_socket_proxy_allowed_images).{hint}"
    )


def _repository(name: str) -> str:
    """A name without its tag. A colon further in front is a registry's port."""
    return name.rpartition(":")[0] if ":" in name.rpartition("/")[2] else name


def _plain_pattern(name: str) -> str:
    for prefix in ("docker.io/", "index.docker.io/"):
        if name.startswith(prefix):
            name = name[len(prefix) :]
    return name[len("library/") :] if name.startswith("library/") else name


def _plain_image(reference: str) -> str:
    name = _plain_pattern(reference)
    return name if "@" in name or _repository(name) != name else f"{name}:latest"


def _image(policy: Policy, _name: str, value: t.Any) -> str:
    return check_image(policy, value)


# --- Containers ----------------------------------------------------------------------------------

MIB = 1024 * 1024
OTHERS = "it belongs to the host or to another container"

HOST_CONFIG: dict[str, Check] = {
    "AutoRemove": _flag,
    "Binds": _binds,
    "CapAdd": _nothing("capabilities beyond the engine's own are rights on the host"),
    "CapDrop": _texts(r"[A-Z_]+"),
    "CpuPeriod": _number(0, 10**6),
    "CpuQuota": _number(-1, 10**9),
    "CpuShares": _number(0, 262144),
    "CpusetCpus": _text(r"[0-9,-]*"),
    "Devices": _nothing("devices are the host's"),
    "Dns": _texts(r"[0-9A-Fa-f.:]+"),
    "DnsOptions": _texts(r"[a-z0-9:-]+"),
    "DnsSearch": _texts(r"[A-Za-z0-9._-]+"),
    "ExtraHosts": _texts(r"[A-Za-z0-9._-]+:([0-9A-Fa-f.:]+|host-gateway)"),
    "Init": _flag,
    "IpcMode": _one_of("", "private", "none"),
    "CgroupnsMode": _one_of("", "private"),
    "Memory": _number(0, MAX_NUMBER),
    "MemoryReservation": _number(0, MAX_NUMBER),
    "MemorySwap": _number(-1, MAX_NUMBER),
    "Mounts": _nothing("use the job variable volumes, which is checked"),
    "NanoCpus": _number(0, 10**13),
    "NetworkMode": _network_mode,
    "PidMode": _nothing(OTHERS),
    "PidsLimit": _number(-1, 2**31),
    "PortBindings": _nothing("ports are the host's"),
    "Privileged": _nothing("a privileged container is root on its host"),
    "ReadonlyRootfs": _flag,
    "RestartPolicy": _restart,
    "SecurityOpt": _security,
    "ShmSize": _number(0, MAX_NUMBER),
    "Tmpfs": _tmpfs,
    "UTSMode": _nothing(OTHERS),
    "UsernsMode": _nothing(OTHERS),
    "VolumesFrom": _nothing("volumes of other containers are not its own"),
}
"""Fields of HostConfig that are known. What is not here is refused unless it is empty, and is dropped when it is."""


def _host_config(policy: Policy, name: str, value: t.Any) -> Json:
    return _fields(policy, name, value, HOST_CONFIG)


def _networking(policy: Policy, name: str, value: t.Any) -> Json | None:
    """The networks to join. docker-py also sends a network with nothing beside it, which the engine ignores."""
    if not isinstance(value, dict):
        raise Refused(f"{name} must be an object.", 400)
    endpoints = value.get("EndpointsConfig")
    if not _is_empty({key: item for key, item in value.items() if key != "EndpointsConfig"}):
        raise Refused(f"{name} may have EndpointsConfig, and nothing else.")
    if endpoints is None:
        return None
    if not isinstance(endpoints, dict):
        raise Refused(f"{name}.EndpointsConfig must be an object.", 400)
    for network, endpoint in endpoints.items():
        check_network(policy, network)
        check_endpoint(endpoint)
    return {"EndpointsConfig": {network: {} for network in endpoints}}


def check_endpoint(endpoint: t.Any) -> None:
    """Refuse all that a run could ask for in a network: addresses and names there belong to others.

    :raises Refused: It asks for something.
    """
    if endpoint is not None and not isinstance(endpoint, dict):
        raise Refused("A network's endpoint must be an object.", 400)
    if not _is_empty(endpoint):
        asked = ", ".join(sorted(str(key) for key, item in (endpoint or {}).items() if not _is_empty(item)))
        raise Refused(f"A flow run joins a network without {shown(asked)}: addresses and aliases there are others'.")


CONFIG: dict[str, Check] = {
    "AttachStderr": _flag,
    "AttachStdin": _flag,
    "AttachStdout": _flag,
    "Cmd": _command,
    "Domainname": _text(r"[A-Za-z0-9.-]*"),
    "Entrypoint": _command,
    "Env": _texts(),
    "Healthcheck": _healthcheck,
    "HostConfig": _host_config,
    "Hostname": _text(r"[A-Za-z0-9.-]*"),
    "Image": _image,
    "Labels": _labels,
    "NetworkDisabled": _flag,
    "NetworkingConfig": _networking,
    "OpenStdin": _flag,
    "StdinOnce": _flag,
    "StopSignal": _text(r"[A-Z0-9+]*"),
    "StopTimeout": _number(0, 86400),
    "Tty": _flag,
    "User": _text(r"[A-Za-z0-9_.:-]*"),
    "Volumes": _anonymous_volumes,
    "WorkingDir": _text(r"(/[^\0]*)?"),
}
"""Fields of a container's creation, as HOST_CONFIG."""

# For these, an empty list takes the engine's own protection away.
_GUARDS = ("maskedpaths", "readonlypaths")
_FOLDED = frozenset(map(fold, [*CONFIG, *HOST_CONFIG, "EndpointsConfig", *_GUARDS]))


def _fields(policy: Policy, name: str, value: t.Any, known: t.Mapping[str, Check]) -> Json:
    """Build an object anew from the fields that are known."""
    if not isinstance(value, dict):
        raise Refused(f"{name} must be an object.", 400)
    result: Json = {}
    for key, item in value.items():
        place = f"{name}.{key}" if name else key
        if item is None:
            continue
        if fold(key) in _GUARDS:
            raise Refused(f"{place} is not for flow runs: it takes the engine's own protection away.")
        check = known.get(key)
        if check is None:
            if not _is_empty(item):
                raise Refused(f"{shown(place)} is not for flow runs: it is not known to be harmless.")
            continue
        # What a client sends for a field that was left out.
        if check in _REFUSING and _is_empty(item):
            continue
        checked = check(policy, place, item)
        if checked is not None:
            result[key] = checked
    return result


_REFUSING = frozenset(
    check for check in (*HOST_CONFIG.values(), *CONFIG.values()) if check.__qualname__.startswith("_nothing.")
) | {_restart}


@dataclass(frozen=True)
class Creation:
    """A container that may be made.

    :param body: For the engine.
    :param image: Its image.
    :param networks: Names of its networks, which the engine may know for others.
    """

    body: Json = field(hash=False)
    image: str = ""
    networks: tuple[str, ...] = ()


def creation(policy: Policy, asked: Json) -> Creation:
    """Return the container that is to be made when one is asked for: what was asked, the limits, the owner's label.

    :raises Refused: It may not be made.
    """
    body = _fields(policy, "", asked, CONFIG)
    if "Image" not in body:
        raise Refused("The container has no image.", 400)
    host = body.setdefault("HostConfig", {})
    host.setdefault("NetworkMode", "default")
    endpoints: Json = body.get("NetworkingConfig", {}).get("EndpointsConfig", {})
    # Checked again, for what was left out is the engine's default.
    networks = {check_network(policy, name) for name in (host["NetworkMode"], *endpoints)}
    _check_host_name(policy, body.get("Hostname", ""), body.get("Domainname", ""))
    body["Labels"] = {**body.get("Labels", {}), OWNER_LABEL: policy.network}
    host["CapDrop"] = sorted({*host.get("CapDrop", []), *policy.cap_drop})
    if policy.no_new_privileges:
        host["SecurityOpt"] = ["no-new-privileges"]
    _limit(host, "Memory", policy.memory, "prefect_socket_proxy_memory")
    if policy.memory:
        swap = host.get("MemorySwap", 0)
        if swap < 0 or swap > 2 * policy.memory:
            raise Refused(f"HostConfig.MemorySwap may be at most {2 * policy.memory} bytes, and is {swap}.")
        # Shared memory counts as memory, but not where it is not charged to a container.
        if host.get("ShmSize", 0) > policy.memory:
            raise Refused(f"HostConfig.ShmSize may be at most {policy.memory} bytes, and is {host['ShmSize']}.")
    if policy.cpus and "CpuQuota" in host:
        raise Refused("HostConfig.CpuQuota is not for flow runs here: use NanoCpus, which has a limit.")
    _limit(host, "NanoCpus", policy.cpus, "prefect_socket_proxy_cpus")
    _limit(host, "PidsLimit", policy.pids, "prefect_socket_proxy_pids")
    return Creation(body, body["Image"], tuple(sorted(networks)))


def _limit(host: Json, name: str, most: int, variable: str) -> None:
    if not most:
        return
    asked = host.get(name, 0) or most
    if not 0 < asked <= most:
        raise Refused(f"HostConfig.{name} may be at most {most}, and is {asked} ({variable}).")
    host[name] = asked


def check_name(policy: Policy, name: str) -> str:
    """Return a container's name if a run may have it. Docker's name service makes it an address for others.

    :raises Refused: It may not.
    """
    if not re.fullmatch(r"/?[A-Za-z0-9][A-Za-z0-9_.-]{0,254}", name):
        raise Refused(f"{shown(name)} is not the name of a container.", 400)
    if _is_reserved(policy, name.lstrip("/")):
        raise Refused(
            f"A flow run's container may not be called {shown(name)}: others find a service by that name"
            " (prefect_socket_proxy_reserved_names). Name the flow run, or the job variable 'name', otherwise."
        )
    return name.lstrip("/")


def _check_host_name(policy: Policy, host: str, domain: str) -> None:
    """Refuse what a service is called as a name of a run's host: in networks it is an address, like a container's name.

    :raises Refused: It is one.
    """
    for name, value in (("Hostname", host), ("Domainname", domain), ("Hostname with Domainname", f"{host}.{domain}")):
        if _is_reserved(policy, value):
            raise Refused(
                f"{name} may not be {shown(value)}: others find a service by that name"
                " (prefect_socket_proxy_reserved_names). Leave it out, or choose another."
            )


def _is_reserved(policy: Policy, name: str) -> bool:
    # Docker's name service is asked for server.NETWORK as well as for server.
    whole = fold(name).strip(".")
    return any(part and matches(part, map(fold, policy.reserved_names)) for part in (whole, whole.partition(".")[0]))


def login(asked: Json) -> Json:
    """Return the credentials that a registry is to be asked about.

    :raises Refused: There is something else in it.
    """
    body: Json = {}
    for key, value in asked.items():
        if key not in ("username", "password", "email", "serveraddress", "auth", "identitytoken", "registrytoken"):
            raise Refused(f"{shown(key)} is no part of a log-in.", 400)
        if value is not None and not isinstance(value, str):
            raise Refused(f"{key} must be a text.", 400)
        if value is not None:
            body[key] = value
    return body


def connection(policy: Policy, asked: Json) -> str:
    """Return the container that is to join a network.

    :raises Refused: More than that is asked for.
    """
    unknown = sorted(
        str(key) for key in asked if key not in ("Container", "EndpointConfig") and not _is_empty(asked[key])
    )
    if unknown or not isinstance(asked.get("Container"), str):
        raise Refused("A container joins a network with Container, and nothing else.", 400)
    check_endpoint(asked.get("EndpointConfig"))
    return t.cast("str", asked["Container"])


def main() -> None:
    """Say what is wrong with the rules on standard input, if anything is."""
    try:
        Policy.from_json(sys.stdin.read())
    except (TypeError, ValueError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
