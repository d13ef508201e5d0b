# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The socket proxy on a real engine: what flow runs need passes, and what would break out makes nothing."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import typing as t
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from ansible_collections.selfhosted.prefect.tests.integration.stack import docker, until
from ansible_collections.selfhosted.prefect.tests.roles.deployment import (
    PREFIX,
    Deployment,
    Run,
    Variables,
    flow_run_containers,
    images,
    inspect,
    logs_of,
)

NAME = f"{PREFIX}socket-proxy"
NETWORK = f"{PREFIX}socket"
RUNS = f"{PREFIX}socket-runs"
IMAGE = f"{PREFIX}hostile:1"
"""An image that nothing else is made of, so that whatever a request makes of it is found."""

VICTIM = f"{PREFIX}victim"
SOCKET = "/var/run/docker.sock"
REFUSAL = "The socket proxy refuses this."


class Engine(http.client.HTTPConnection):
    """A connection to the engine itself."""

    def __init__(self) -> None:
        super().__init__("engine", timeout=60)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(SOCKET)


@dataclass
class Answer:
    status: int
    text: str

    @property
    def message(self) -> str:
        return str(json.loads(self.text)["message"])


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: t.Any = None, **headers: str) -> Answer:
    """Send one request as it is."""
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    more = {"Content-Type": "application/json"} if data is not None else {}
    connection.request(
        method, path, body=data, headers=more | {key.replace("_", "-"): item for key, item in headers.items()}
    )
    answer = connection.getresponse()
    found = Answer(answer.status, answer.read().decode())
    connection.close()
    return found


@dataclass
class Proxy:
    """The deployed proxy.

    :param stack: What it was deployed with.
    :param first: The run that made it.
    :param address: Its address.
    """

    stack: Deployment
    first: Run
    address: str

    def ask(self, method: str, path: str, body: t.Any = None, **headers: str) -> Answer:
        return ask(http.client.HTTPConnection(self.address, 2375, timeout=60), method, path, body, **headers)

    def create(self, body: t.Any, query: str = "") -> Answer:
        return self.ask("POST", f"/v1.41/containers/create{query}", body)

    def raw(self, request: bytes) -> bytes:
        """Send bytes and return what comes back until the connection is closed or silent."""
        with socket.create_connection((self.address, 2375), timeout=2) as connection:
            connection.sendall(request)
            answer = b""
            try:
                while chunk := connection.recv(65536):
                    answer += chunk
            except TimeoutError:
                pass
            return answer


def play(tasks_from: str = "main") -> list[Variables]:
    role = {"name": "selfhosted.prefect.socket_proxy", "tasks_from": tasks_from}
    task = {"name": "Run the socket proxy", "ansible.builtin.import_role": role}
    return [{"hosts": "prefect", "gather_facts": False, "tasks": [task]}]


def run(stack: Deployment, *options: str, tasks_from: str = "main", **changes: t.Any) -> Run:
    return stack.plays(play(tasks_from), {"localhost": ((), changes)}, *options)["localhost"]


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Proxy]:
    """Deploy a proxy, and an image and a network for runs."""
    place = tmp_path_factory.mktemp("socket-proxy")
    (place / "data").mkdir()
    (place / "out").mkdir()
    (place / "etc-link").symlink_to("/")
    stack = Deployment(
        place,
        prefect_socket_proxy_image="{{ prefect_server_image }}",
        prefect_socket_proxy_container_name=NAME,
        prefect_socket_proxy_network=NETWORK,
        prefect_socket_proxy_directory=str(place / "etc"),
        prefect_socket_proxy_allowed_networks=[RUNS, "bridge", "none"],
        prefect_socket_proxy_allowed_images=[
            IMAGE.split(":", maxsplit=1)[0],
            images()["prefect_server_image"],
            "registry.invalid/*",
        ],
        prefect_socket_proxy_allowed_volumes=[f"{PREFIX}cache-*"],
        prefect_socket_proxy_allowed_paths=[
            {"path": str(place / "data")},
            {"path": str(place / "out"), "read_only": False},
        ],
        prefect_socket_proxy_memory="512m",
    )
    preview = run(stack, "--check", "--diff").succeeded()
    assert NAME not in docker("ps", "--all", "--format", "{{.Names}}").split()
    first = run(stack).succeeded()
    assert {name for name in preview.changed if "Run the container" not in name and "Compare" not in name} <= {
        *first.changed
    }
    make_image(IMAGE)
    docker("network", "create", RUNS)
    # Somebody else's container, which no request may touch.
    docker("run", "--detach", "--name", VICTIM, "--entrypoint", "sleep", images()["prefect_server_image"], "600")
    address = inspect("container", [NAME])[0]["NetworkSettings"]["Networks"][NETWORK]["IPAddress"]
    yield Proxy(stack, first, address)
    for name in made():
        docker("rm", "--force", name, check=False)


def made(image: str = IMAGE) -> list[str]:
    """Return all containers of the image that hostile requests name, whoever made them."""
    found = ask(Engine(), "GET", f"/containers/json?all=1&filters={quote(json.dumps({'ancestor': [image]}))}")
    return [str(item["Id"]) for item in json.loads(found.text)]


def make_image(name: str, *options: str) -> None:
    """Make an image with nothing in it."""
    empty = subprocess.run(["tar", "--create", "--files-from", "/dev/null"], check=True, capture_output=True).stdout
    subprocess.run(["docker", "import", *options, "-", name], input=empty, check=True, capture_output=True)


# --- The container -------------------------------------------------------------------------------


def test_it_is_locked_in_and_not_published(proxy: Proxy) -> None:
    (found,) = inspect("container", [NAME])
    host = found["HostConfig"]
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert not host["PortBindings"]
    assert found["Config"]["User"] == f"65534:{Path(SOCKET).stat().st_gid}"
    assert list(found["NetworkSettings"]["Networks"]) == [NETWORK]
    (network,) = inspect("network", [NETWORK])
    assert network["Internal"] is True
    assert {mount["Destination"]: mount["RW"] for mount in found["Mounts"]} == {
        SOCKET: True,
        "/opt/socket-proxy/socket_policy.py": False,
        "/opt/socket-proxy/socket_proxy.py": False,
        "/opt/socket-proxy/rules.json": False,
    }


def test_the_certificates_of_a_private_authority_may_be_mounted_whatever_else_may(proxy: Proxy) -> None:
    rules = json.loads(docker("exec", NAME, "cat", "/opt/socket-proxy/rules.json"))
    paths = {item["path"]: item.get("read_only") for item in rules["paths"]}
    assert len(paths) == 3
    assert paths["/var/lib/prefect-trust"] is True


def test_a_second_run_changes_nothing(proxy: Proxy) -> None:
    assert not run(proxy.stack).succeeded().changed
    assert not run(proxy.stack, "--check").succeeded().changed


def test_a_container_of_another_network_does_not_reach_it(proxy: Proxy) -> None:
    code = f"import socket; socket.create_connection(('{proxy.address}', 2375), timeout=3)"
    for network, reaches in ((RUNS, False), ("bridge", False), (NETWORK, True)):
        done = subprocess.run(
            [
                *("docker", "run", "--rm", "--network", network, "--entrypoint", "python"),
                *(images()["prefect_server_image"], "-c", code),
            ],
            capture_output=True,
            check=False,
        )
        assert (done.returncode == 0) is reaches, (network, done.stderr)


# --- What passes ---------------------------------------------------------------------------------

CLIENT = """
import docker, sys, time
client = docker.from_env()
client.ping()
image, runs, data, prefix = sys.argv[1:]
client.images.get(image)
options = dict(network=runs, auto_remove=False, labels={"io.prefect.flow-run-id": "1"}, extra_hosts={}, privileged=False)
volumes = [f"{data}:/data:ro", "/scratch"]
made = client.containers.create(name=prefix + "passes", image=image, entrypoint=["python", "-c"], network_mode=None, volumes=volumes,
    command=["import os,time\\nfor i in range(4): print(i, flush=True); time.sleep(0.5)"], environment={"A": "b"},
    mem_limit="128m", memswap_limit=None, **options)
made.start()
began = time.monotonic()
times = []
for line in made.logs(stream=True):
    times.append(time.monotonic() - began)
assert len(times) >= 4 and times[-1] - times[0] > 1, times
assert made.wait()["StatusCode"] == 0
assert b"3" in made.logs()
made.reload()
print(made.attrs["Config"]["Labels"], made.attrs["HostConfig"]["CapDrop"], made.attrs["HostConfig"]["PidsLimit"])
client.networks.get("bridge").connect(made)
made.remove(v=True)
stopped = client.containers.create(image=image, entrypoint=["sleep", "600"], **options)
stopped.start()
stopped.stop(timeout=0)
stopped.start()
stopped.kill()
assert stopped.wait()["StatusCode"] == 137
stopped.remove(force=True)
for what in (lambda: client.containers.get(stopped.id), lambda: client.images.get(prefix + "hostile:none")):
    try:
        what()
    except docker.errors.NotFound:
        continue
    raise SystemExit("found what is gone")
try:
    list(client.api.pull("registry.invalid/x", tag="1", stream=True, decode=True))
except docker.errors.APIError as error:
    assert "refuses" not in str(error), error
try:
    client.containers.create(image=image, privileged=True)
except docker.errors.APIError as error:
    assert error.status_code == 403, error
    print(error)
"""


def test_what_prefect_docker_does_passes_with_its_own_client(proxy: Proxy) -> None:
    image = images()["prefect_server_image"]
    data = proxy.stack.variables["prefect_socket_proxy_allowed_paths"][0]["path"]
    output = docker(
        *("run", "--rm", "--network", NETWORK, "--env", f"DOCKER_HOST=tcp://{NAME}:2375", "--entrypoint", "python"),
        *(image, "-c", CLIENT, image, RUNS, data, PREFIX),
    )
    assert f"'selfhosted.prefect.socket-proxy': '{NETWORK}'" in output
    assert "['MKNOD', 'NET_RAW'] 2048" in output
    assert f"{REFUSAL} HostConfig.Privileged is not for flow runs" in output


def test_the_engine_itself_would_do_it(proxy: Proxy) -> None:
    # What the table below asks in another spelling is not harmless: the engine reads names without their case.
    body = b'{"Image":"%s","Cmd":["x"],"HO\xc5\xbfTCONFIG":{"privileged":false,"PRIVILEGED":true}}' % IMAGE.encode()
    made_by_engine = json.loads(ask(Engine(), "POST", "/v1.41/containers/create", body).text)["Id"]
    try:
        assert inspect("container", [made_by_engine])[0]["HostConfig"]["Privileged"] is True
    finally:
        docker("rm", "--force", made_by_engine)


def test_the_same_without_the_trick_makes_a_container(proxy: Proxy) -> None:
    answer = proxy.create({"Image": IMAGE, "Cmd": ["x"]}, f"?name={PREFIX}harmless")
    assert answer.status == 201, answer.text
    assert made()
    identifier = json.loads(answer.text)["Id"]
    host = inspect("container", [identifier])[0]["HostConfig"]
    assert (host["Memory"], host["PidsLimit"], host["SecurityOpt"]) == (512 * 2**20, 2048, ["no-new-privileges"])
    assert proxy.ask("DELETE", f"/v1.41/containers/{PREFIX}harmless?force=1").status == 204
    assert not made()


# --- What does not -------------------------------------------------------------------------------


def host(**fields: t.Any) -> dict[str, t.Any]:
    return {"Image": IMAGE, "Cmd": ["x"], "HostConfig": fields}


def text(body: str) -> bytes:
    return body.replace("IMAGE", IMAGE).encode()


BODIES: dict[str, t.Any] = {
    "privileged": host(Privileged=True),
    "root of the host": host(Binds=["/:/host"]),
    "root of the host, read-only": host(Binds=["/:/host:ro"]),
    "the socket": host(Binds=[f"{SOCKET}:{SOCKET}"]),
    "the socket in /run": host(Binds=[f"/run/docker.sock:{SOCKET}"]),
    "the socket with ..": host(Binds=[f"/var/run/../run/docker.sock:{SOCKET}"]),
    "the socket with //": host(Binds=[f"//var//run/docker.sock:{SOCKET}"]),
    "the socket with a slash": host(Binds=[f"/run/docker.sock/:{SOCKET}"]),
    "the socket's directory": host(Binds=["/run:/x"]),
    "the socket through /proc": host(Binds=["/proc/1/root/run:/x"]),
    "the engine's data": host(Binds=["/var/lib/docker:/x"]),
    "a volume that is not allowed": host(Binds=[f"{PREFIX}database:/x"]),
    "a mount": host(Mounts=[{"Type": "bind", "Source": "/", "Target": "/x"}]),
    "a volume with a driver's options": host(
        Mounts=[
            {
                "Type": "volume",
                "Source": f"{PREFIX}cache-1",
                "Target": "/x",
                "VolumeOptions": {
                    "DriverConfig": {"Name": "local", "Options": {"type": "none", "o": "bind", "device": "/"}}
                },
            }
        ]
    ),
    "another's volumes": host(VolumesFrom=[VICTIM]),
    "a volume driver": host(VolumeDriver="local"),
    "a device": host(Devices=[{"PathOnHost": "/dev/sda", "PathInContainer": "/dev/sda", "CgroupPermissions": "rwm"}]),
    "all devices": host(DeviceCgroupRules=["a *:* rwm"]),
    "a capability": host(CapAdd=["SYS_ADMIN"]),
    "all capabilities": host(CapAdd=["ALL"]),
    "the host's processes": host(PidMode="host"),
    "another's processes": host(PidMode=f"container:{VICTIM}"),
    "the host's memory": host(IpcMode="host"),
    "another's memory": host(IpcMode=f"container:{VICTIM}"),
    "the host's name": host(UTSMode="host"),
    "the host's users": host(UsernsMode="host"),
    "the host's cgroups": host(CgroupnsMode="host"),
    "a cgroup": host(CgroupParent="/system.slice"),
    "the host's network": host(NetworkMode="host"),
    "another's network": host(NetworkMode=f"container:{VICTIM}"),
    "the proxy's network": host(NetworkMode=NETWORK),
    "the proxy's network, by its identifier": "NETWORK-ID",
    "the proxy's network, by a part of it": "NETWORK-PART",
    "the proxy's network, as a second one": {
        **host(NetworkMode=RUNS),
        "NetworkingConfig": {"EndpointsConfig": {RUNS: {}, NETWORK: {}}},
    },
    "another network": host(NetworkMode=f"{PREFIX}net"),
    "an alias": {**host(NetworkMode=RUNS), "NetworkingConfig": {"EndpointsConfig": {RUNS: {"Aliases": ["server"]}}}},
    "no filter of system calls": host(SecurityOpt=["seccomp=unconfined"]),
    "no profile": host(SecurityOpt=["apparmor=unconfined"]),
    "new privileges": host(SecurityOpt=["no-new-privileges:false"]),
    "unmasked paths": host(MaskedPaths=[]),
    "writable paths": host(ReadonlyPaths=[]),
    "a kernel's setting": host(Sysctls={"kernel.msgmax": "1"}),
    "a runtime": host(Runtime="runc"),
    "a port": host(PortBindings={"80/tcp": [{"HostPort": "8099"}]}),
    "a log driver": host(LogConfig={"Type": "syslog", "Config": {"syslog-address": "udp://127.0.0.1:1"}}),
    "a restart policy": host(RestartPolicy={"Name": "always"}),
    "more memory": host(Memory=2**40),
    "never killed": host(OomKillDisable=True),
    "a reverse proxy's label": {**host(), "Labels": {"traefik.enable": "true"}},
    "this collection's label": {**host(), "Labels": {"selfhosted.prefect.service": "server"}},
    "another proxy's label": {**host(), "Labels": {"selfhosted.prefect.socket-proxy": "another"}},
    "a service's name as its host's": {**host(NetworkMode=RUNS), "Hostname": "Socket-Proxy"},
    "a service's name before a domain": {**host(NetworkMode=RUNS), "Hostname": f"server.{RUNS}"},
    "a digest behind an allowed tag": "IMAGE-DIGEST",
    "another image": {"Image": "selfhosted-prefect/other:1", "Cmd": ["x"]},
    "an image by its identifier": "IMAGE-ID",
    "options beside HostConfig": {"Image": IMAGE, "Cmd": ["x"], "Privileged": True, "Binds": ["/:/host"]},
    "another case": text('{"Image":"IMAGE","Cmd":["x"],"hostconfig":{"privileged":true}}'),
    "a long s": text('{"Image":"IMAGE","Cmd":["x"],"Ho\u017ftConfig":{"Privileged":true}}'),
    "a Kelvin sign": text('{"Image":"IMAGE","Cmd":["x"],"HostConfig":{"Networ\u212aMode":"host"}}'),
    "an escaped name": text('{"Image":"IMAGE","Cmd":["x"],"HostConfig":{"\\u0050rivileged":true}}'),
    "a name twice": text('{"Image":"IMAGE","Cmd":["x"],"HostConfig":{"Privileged":false,"Privileged":true}}'),
    "a name twice, spelt otherwise": text(
        '{"Image":"IMAGE","Cmd":["x"],"HostConfig":{},"hostConfig":{"Privileged":true}}'
    ),
    "an empty value, then a case": text(
        '{"Image":"IMAGE","Cmd":["x"],"HostConfig":{"privileged":true,"Privileged":null}}'
    ),
    "two documents": text('{"Image":"IMAGE","Cmd":["x"]}{"Image":"IMAGE","HostConfig":{"Privileged":true}}'),
    "a NUL": text('{"Image":"IMAGE","Cmd":["x"],"HostConfig":{"Binds":["/srv\\u0000:/x"]}}'),
    "another encoding": '{"Image":"x"}'.encode("utf-16"),
    "a list": [host(Privileged=True)],
    "deep": b'{"a":' * 50_000,
    "huge": host(Binds=["x" * 2**21]),
}
"""Bodies of POST /containers/create."""

REASONS = {
    "a service's name as its host's": 'Hostname may not be "Socket-Proxy": others find a service by that name',
    "a service's name before a domain": f'Hostname may not be "server.{RUNS}": others find a service by that name',
    "a digest behind an allowed tag": "The Docker engine goes by the digest and ignores the tag",
}
"""What the refusal says, where another reason could be behind it."""


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_would_break_out_makes_nothing(proxy: Proxy, name: str) -> None:
    body = BODIES[name]
    if body in ("NETWORK-ID", "NETWORK-PART"):
        identifier = inspect("network", [NETWORK])[0]["Id"]
        body = host(NetworkMode=identifier if body == "NETWORK-ID" else identifier[:12])
    if body == "IMAGE-ID":
        body = {**host(), "Image": inspect("image", [IMAGE])[0]["Id"]}
    if body == "IMAGE-DIGEST":
        body = {**host(), "Image": f"{images()['prefect_server_image']}@sha256:{'0' * 64}"}
    answer = proxy.create(body, f"?name={PREFIX}broken-out")
    assert answer.status in (400, 403, 413), answer.text
    assert answer.message.startswith(REFUSAL)
    assert REASONS.get(name, "") in answer.message
    assert not made()


OWN = f"/v1.41/containers/{VICTIM}"
REQUESTS: dict[str, tuple[str, str, t.Any]] = {
    "stop another's container": ("POST", f"{OWN}/stop?t=0", None),
    "kill another's container": ("POST", f"{OWN}/kill", None),
    "remove another's container": ("DELETE", f"{OWN}?force=1", None),
    "inspect another's container": ("GET", f"{OWN}/json", None),
    "read another's logs": ("GET", f"{OWN}/logs?stdout=1", None),
    "the proxy itself": ("POST", f"/v1.41/containers/{NAME}/stop", None),
    "exec in another's container": ("POST", f"{OWN}/exec", {"Cmd": ["id"]}),
    "attach": ("POST", f"{OWN}/attach?stream=1&stdin=1", None),
    "copy out": ("GET", f"{OWN}/archive?path=/etc/passwd", None),
    "copy in": ("PUT", f"{OWN}/archive?path=/", b"x"),
    "rename": ("POST", f"{OWN}/rename?name={PREFIX}server", None),
    "update": ("POST", f"{OWN}/update", {"Memory": 1}),
    "start with options": ("POST", f"{OWN}/start", {"Privileged": True}),
    "list containers": ("GET", "/v1.41/containers/json?all=1", None),
    "ask about the host": ("GET", "/v1.41/info", None),
    "list events": ("GET", "/v1.41/events", None),
    "list volumes": ("GET", "/v1.41/volumes", None),
    "make a volume of the host": (
        "POST",
        "/v1.41/volumes/create",
        {"Name": f"{PREFIX}cache-evil", "DriverOpts": {"type": "none", "o": "bind", "device": "/"}},
    ),
    "make a network": ("POST", "/v1.41/networks/create", {"Name": f"{PREFIX}evil"}),
    "join the proxy's network": ("POST", f"/v1.41/networks/{NETWORK}/connect", {"Container": VICTIM}),
    "let another's container join": ("POST", f"/v1.41/networks/{RUNS}/connect", {"Container": VICTIM}),
    "look at the proxy's network": ("GET", f"/v1.41/networks/{NETWORK}", None),
    "build": ("POST", f"/v1.41/build?t={PREFIX}evil", b"x"),
    "import": ("POST", f"/v1.41/images/create?fromSrc=-&repo={PREFIX}evil", b"x"),
    "pull with changes": ("POST", "/v1.41/images/create?fromImage=x&tag=1&changes=ENV+A%3Db", None),
    "pull what is not allowed": ("POST", "/v1.41/images/create?fromImage=evil.invalid/x&tag=1", None),
    "remove an image": ("DELETE", f"/v1.41/images/{IMAGE}", None),
    "prune": ("POST", "/v1.41/containers/prune", None),
    "commit": ("POST", f"/v1.41/commit?container={VICTIM}&repo={PREFIX}evil", None),
    "swarm": ("POST", "/v1.41/swarm/init", {"ListenAddr": "0.0.0.0"}),
    "plugins": ("POST", "/v1.41/plugins/pull?remote=x", []),
    "secrets": ("GET", "/v1.41/secrets", None),
    "session": ("POST", "/session", None),
    "an old version": ("POST", "/v1.20/containers/create", host()),
    "dots": ("POST", "/v1.41/../v1.41/containers/create", host(Privileged=True)),
    "encoded dots": ("GET", "/v1.41/images/%2e%2e/containers/json", None),
    "an encoded slash": ("GET", f"/v1.41/containers%2F{VICTIM}/json", None),
    "an encoded name": ("GET", "/v1.41/containers/%76ictim/json", None),
    "dots in an image": ("GET", "/v1.41/images/../containers/json", None),
    "two slashes": ("POST", "//v1.41/containers/create", host()),
    "a slash at the end": ("GET", "/v1.41/info/", None),
    "a name twice": ("POST", "/v1.41/containers/create?name=a&name=server", host()),
    "a name that others look up": ("POST", "/v1.41/containers/create?name=server", host()),
    "the same with a slash": ("POST", "/v1.41/containers/create?name=/Server", host()),
    "a name that is a path": ("POST", "/v1.41/containers/create?name=../x", host()),
    "an unknown parameter": ("POST", "/v1.41/containers/create?name=x&Name=server", host()),
    "a semicolon": ("POST", "/v1.41/containers/create?name=a;name=server", host()),
    "a query in the path": ("POST", "/v1.41/containers/create%3Fname=server", host()),
    "another method": ("PUT", "/v1.41/containers/create", host()),
    "a link's removal": ("DELETE", f"{OWN}?link=1", None),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_that_is_not_for_flow_runs_is_refused(proxy: Proxy, name: str) -> None:
    method, path, body = REQUESTS[name]
    answer = proxy.ask(method, path, body)
    assert answer.status in (400, 403), answer.text
    assert answer.message.startswith(REFUSAL)
    assert not made()


RAW = {
    "two lengths": b"POST /v1.41/containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"0\r\n\r\nPOST /v1.41/containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 60\r\n\r\n",
    "two different lengths": b"POST /v1.41/containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\n{}",
    "an odd encoding": b"POST /v1.41/containers/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "an upgrade": b"POST /v1.41/containers/create HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}",
    "a whole address": b"GET http://x/v1.41/info HTTP/1.1\r\nHost: x\r\n\r\n",
    "a tunnel": b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a newline in the path": b"GET /version\n/v1.41/info HTTP/1.1\r\nHost: x\r\n\r\n",
    "no version of HTTP": b"GET /v1.41/info\r\n\r\n",
}


@pytest.mark.parametrize("name", RAW)
def test_a_connection_that_is_meant_for_something_else_gets_nothing(proxy: Proxy, name: str) -> None:
    answer = proxy.raw(RAW[name])
    statuses = [part.split(b" ")[1] for part in answer.split(b"\r\n") if part.startswith(b"HTTP/1.1 ")]
    assert statuses
    assert set(statuses) <= {b"400", b"403"}, answer
    assert not made()


def test_a_body_in_chunks_is_judged_as_a_whole(proxy: Proxy) -> None:
    def chunks(body: bytes) -> t.Iterator[bytes]:
        return (body[at : at + 7] for at in range(0, len(body), 7))

    for body, status in ((host(), 201), (host(Privileged=True), 403)):
        connection = http.client.HTTPConnection(proxy.address, 2375, timeout=60)
        connection.request(
            "POST",
            "/v1.41/containers/create",
            body=chunks(json.dumps(body).encode()),
            headers={"Content-Type": "application/json", "Transfer-Encoding": "chunked"},
            encode_chunked=True,
        )
        assert connection.getresponse().status == status
        connection.close()
    (one,) = made()
    docker("rm", "--force", one)


def test_labels_of_an_image_are_labels_too(proxy: Proxy) -> None:
    labelled = f"{IMAGE.split(':', maxsplit=1)[0]}:labelled"
    make_image(labelled, "--change", "LABEL traefik.enable=true")
    answer = proxy.create({**host(), "Image": labelled})
    assert (answer.status, "traefik.enable" in answer.message) == (403, True)
    assert not made(labelled)


def test_the_victim_and_the_volumes_are_as_they_were_and_refusals_are_logged(proxy: Proxy) -> None:
    (victim,) = inspect("container", [VICTIM])
    assert victim["State"]["Running"]
    assert list(victim["NetworkSettings"]["Networks"]) == ["bridge"]
    assert f"{PREFIX}cache-evil" not in docker("volume", "ls", "--quiet").split()
    logs = logs_of(NAME)
    assert "refused" in logs
    assert "Traceback" not in logs


# --- Inputs --------------------------------------------------------------------------------------

BAD: dict[str, tuple[Variables, tuple[str, ...]]] = {
    "published": (
        {"prefect_socket_proxy_container": {"published_ports": ["2375:2375"]}},
        ("prefect_socket_proxy_container has published_ports", "never published"),
    ),
    "the host's network": ({"prefect_socket_proxy_container": {"network_mode": "host"}}, ("has network_mode",)),
    "a network for runs": (
        {"prefect_socket_proxy_network": RUNS},
        (f"prefect_socket_proxy_network is '{RUNS}'", "only workers share with it"),
    ),
    "the socket as a directory": (
        {"prefect_socket_proxy_allowed_paths": [{"path": "/var/run"}]},
        ("/var/run holds the engine's socket", "prefect_socket_proxy_allowed_paths"),
    ),
    "a link": (
        {"prefect_socket_proxy_allowed_paths": [{"path": "{{ prefect_socket_proxy_directory }}-link"}]},
        ("-link in prefect_socket_proxy_allowed_paths is a symbolic link to /", "must be a directory"),
    ),
    "a file": (
        {"prefect_socket_proxy_allowed_paths": [{"path": "/srv/../etc"}, {"path": "/data"}]},
        ("/srv/../etc is not an absolute path",),
    ),
    "two at once": (
        {"prefect_socket_proxy_memory": "lots", "prefect_socket_proxy_user": "nobody"},
        ("prefect_socket_proxy_memory is 'lots'", "prefect_socket_proxy_user is 'nobody'"),
    ),
    "another's network": (
        {"prefect_socket_proxy_network": f"{PREFIX}socket-open"},
        ("has a way out of the host", f"docker network rm {PREFIX}socket-open"),
    ),
}


def test_what_would_let_others_in_is_refused(proxy: Proxy) -> None:
    docker("network", "create", f"{PREFIX}socket-open")
    found = proxy.stack.plays(
        play(), {name.replace(" ", "-"): ((), changes) for name, (changes, _words) in BAD.items()}
    )
    for name, (_changes, words) in BAD.items():
        message = found[name.replace(" ", "-")].refused()
        for word in words:
            assert word in message, (name, message)


def test_a_stranger_in_its_network_is_refused(proxy: Proxy) -> None:
    docker("network", "connect", NETWORK, VICTIM)
    try:
        message = run(proxy.stack).refused()
        assert f"{VICTIM} on localhost is in the network {NETWORK}" in message
    finally:
        docker("network", "disconnect", NETWORK, VICTIM)


def test_removal_leaves_nothing(proxy: Proxy) -> None:
    assert run(proxy.stack, tasks_from="remove").succeeded().changed
    assert NAME not in docker("ps", "--all", "--format", "{{.Names}}").split()
    assert NETWORK not in docker("network", "ls", "--format", "{{.Name}}").split()
    assert not Path(proxy.stack.variables["prefect_socket_proxy_directory"], NAME).exists()
    assert not run(proxy.stack, tasks_from="remove").succeeded().changed


# --- Flow runs -----------------------------------------------------------------------------------


def own_flow_runs(network: str) -> list[str]:
    """Return the containers of flow runs that were created through a socket proxy."""
    found = inspect("container", flow_run_containers(network))
    return [item["Name"] for item in found if "selfhosted.prefect.socket-proxy" in item["Config"]["Labels"]]


def test_a_flow_runs_through_it_and_one_that_would_break_out_is_refused(stack: Deployment) -> None:
    name, network = f"{PREFIX}proxied", f"{PREFIX}proxied-socket"
    changes: Variables = {
        "prefect_socket_proxy_image": "{{ prefect_server_image }}",
        "prefect_socket_proxy_container_name": f"{name}-proxy",
        "prefect_socket_proxy_network": network,
        "prefect_socket_proxy_directory": "{{ inventory_dir }}/etc",
        "prefect_socket_proxy_allowed_networks": [stack.network],
        "prefect_worker_container_name": name,
        "prefect_worker_name": name,
        "prefect_worker_pool": name,
        "prefect_worker_docker_host": f"tcp://{name}-proxy:2375",
        "prefect_worker_docker_network": network,
        "prefect_worker_pool_job_variables": {},
    }

    def site(**more: t.Any) -> Run:
        roles = [("socket_proxy", "main"), ("worker", "main"), ("worker", "verify")]
        tasks = [
            {
                "name": f"Run {role}",
                "ansible.builtin.include_role": {"name": f"selfhosted.prefect.{role}", "tasks_from": tasks_from},
            }
            for role, tasks_from in roles
        ]
        plays = [{"hosts": "prefect", "gather_facts": False, "tasks": tasks}]
        return stack.plays(plays, {"localhost": ((), changes | more)})["localhost"]

    try:
        site().succeeded()
        (worker,) = inspect("container", [name])
        assert not [mount for mount in worker["Mounts"] if "docker.sock" in mount["Source"]]
        assert set(worker["NetworkSettings"]["Networks"]) == {stack.network, network}
        assert f"DOCKER_HOST=tcp://{name}-proxy:2375" in worker["Config"]["Env"]
        assert "refused" not in logs_of(f"{name}-proxy")
        until("the flow run's container is removed, as its pool says", lambda: not own_flow_runs(stack.network), 30)
        for job, reason in (
            ({"privileged": True}, "HostConfig.Privileged is not for flow runs"),
            # What a pool was told stays until it is told something else.
            ({"privileged": False, "volumes": ["/:/host"]}, 'Volumes may not have "/:/host"'),
            ({"volumes": [], "networks": [network]}, "is the socket proxy's own"),
        ):
            failed = site(prefect_worker_pool_job_variables=job)
            # The flow run's log is shown, and Prefect logs a traceback.
            assert failed.status != 0, failed.output[-4000:]
            assert reason in failed.message + logs_of(name), failed.message
            assert reason in logs_of(f"{name}-proxy")
    finally:
        for container in (name, f"{name}-proxy"):
            docker("rm", "--force", container, check=False)
