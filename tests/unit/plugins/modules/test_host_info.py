# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module host_info, with real sockets, processes and file systems."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import os
import pwd
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
import typing as t
from pathlib import Path

import pytest

from ansible_collections.selfhosted.prefect.plugins.modules import host_info
from ansible_collections.selfhosted.prefect.tests.unit.plugins.conftest import RunModule
from ansible_collections.selfhosted.prefect.tests.unit.plugins.scripted import ScriptedServer
from ansible_collections.selfhosted.prefect.tests.unit.plugins.unix_engine import UnixEngine


@pytest.fixture
def engine(tmp_path: Path) -> t.Iterator[t.Callable[[int, bytes], Path]]:
    """Start an engine and give its socket's path."""
    with contextlib.ExitStack() as stack:

        def start(status: int, body: bytes) -> Path:
            path = tmp_path / "docker.sock"
            server = stack.enter_context(UnixEngine(path, status, body))
            stack.callback(server.shutdown)
            return path

        yield start


@contextlib.contextmanager
def listening(path: Path) -> t.Iterator[socket.socket]:
    """Listen on a Unix socket, and answer nobody."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        yield listener


@contextlib.contextmanager
def hanging_up(path: Path, words: bytes) -> t.Iterator[None]:
    """Say something that is no HTTP to whoever connects, and hang up."""

    def serve() -> None:
        connection, _address = waiting.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(words)

    with listening(path) as waiting:
        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join()


# --- The engine ----------------------------------------------------------------------------------


def test_an_engine_that_answers_is_there(engine: t.Callable[[int, bytes], Path]) -> None:
    assert host_info.ping(str(engine(200, b"OK"))) == (True, "")


def test_an_engine_that_is_ill_is_quoted(engine: t.Callable[[int, bytes], Path]) -> None:
    assert host_info.ping(str(engine(500, b"no space left\n"))) == (False, "it answered 500 no space left")


def test_a_long_answer_is_cut_and_need_not_be_text(engine: t.Callable[[int, bytes], Path]) -> None:
    answers, reason = host_info.ping(str(engine(503, b"\xff" * 100_000)))
    assert not answers
    assert len(reason) < 300


def test_an_engine_that_is_silent_is_not_waited_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_info, "PING_TIMEOUT", 0.2)
    path = tmp_path / "docker.sock"
    with listening(path):
        begin = time.monotonic()
        assert host_info.ping(str(path)) == (False, "timed out")
        assert time.monotonic() - begin < 5


@pytest.mark.parametrize("words", [b"", b"SSH-2.0-server\r\n"], ids=["nothing", "another protocol"])
def test_whoever_is_no_engine_is_no_engine(tmp_path: Path, words: bytes) -> None:
    path = tmp_path / "docker.sock"
    with hanging_up(path, words):
        answers, reason = host_info.ping(str(path))
    assert not answers
    assert reason


def test_a_socket_that_its_engine_left_behind_is_told(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with listening(path):
        pass
    assert path.exists()
    assert host_info.ping(str(path)) == (False, "nothing listens on the socket")


def test_a_socket_that_does_not_exist_is_told(tmp_path: Path) -> None:
    assert host_info.ping(str(tmp_path / "docker.sock")) == (False, "the socket does not exist")


@pytest.mark.parametrize("kind", ["file", "directory", "name too long"])
def test_what_is_no_socket_is_told_in_words(tmp_path: Path, kind: str) -> None:
    path = tmp_path / ("docker.sock" if kind != "name too long" else "x" * 120)
    if kind == "file":
        path.touch()
    elif kind == "directory":
        path.mkdir()
    answers, reason = host_info.ping(str(path))
    assert not answers
    assert reason


# Root may use every socket, so another process becomes somebody else, who may not even load more of Python's library.
AS_NOBODY = """
import encodings.ascii, importlib.util, os, sys
spec = importlib.util.spec_from_file_location("host_info", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
print(eval(sys.argv[2], {"module": module}))
"""


def as_nobody(expression: str) -> t.Any:
    """Evaluate an expression with C(module) as a user who may do nothing."""
    source = host_info.__file__
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, source, expression],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        # It imports what this process could.
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    return ast.literal_eval(done.stdout)


def test_a_socket_that_is_forbidden_is_told(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with listening(path):
        path.chmod(0)
        # pytest's directories are closed to others as well, and either is a socket that may not be used.
        assert as_nobody(f"module.ping({str(path)!r})") == (False, "this user may not use the socket")


@pytest.mark.parametrize(
    ("variable", "path"),
    [
        (None, "/var/run/docker.sock"),
        ("", "/var/run/docker.sock"),
        ("unix:///run/user/1000/docker.sock", "/run/user/1000/docker.sock"),
        ("tcp://192.0.2.1:2376", "/var/run/docker.sock"),
    ],
)
def test_the_socket_is_the_environments_or_dockers_own(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, path: str
) -> None:
    if variable is None:
        monkeypatch.delenv("DOCKER_HOST", raising=False)
    else:
        monkeypatch.setenv("DOCKER_HOST", variable)
    assert host_info.default_socket() == path


# --- Listeners -----------------------------------------------------------------------------------


def kernel(family: int, address: str) -> str:
    """Return an address as the kernel prints it on this machine."""
    raw = socket.inet_pton(family, address)
    return "".join(f"{word:08X}" for word in struct.unpack(f"={len(raw) // 4}I", raw))


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "192.0.2.77", "::", "::1", "2001:db8::7:1"])
def test_an_address_is_read_as_the_kernel_writes_it(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    assert host_info.parse_address(kernel(family, address)) == address


def listener(address: str) -> socket.socket:
    """Listen in this process, on a port that the kernel chooses."""
    return socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET)


def is_here(address: str) -> bool:
    """Whether this machine has an address; without IPv6 there is nothing to find."""
    try:
        listener(address).close()
    except OSError:
        return False
    return True


# A program that names itself, since /proc is read by careless readers up to the first space or parenthesis.
HOLDER = """
import ctypes, pathlib, socket, sys
pathlib.Path("/proc/self/comm").write_text("my (odd) name")
held = socket.create_server(("127.0.0.1", 0))
if sys.argv[1] == "hidden":
    ctypes.CDLL(None).prctl(4, 0)  # PR_SET_DUMPABLE: from now on only root sees its files
print(held.getsockname()[1], flush=True)
input()
"""


@contextlib.contextmanager
def holder(kind: str) -> t.Iterator[tuple[int, int]]:
    """Let another process listen: its port and its number."""
    command = [sys.executable, "-c", HOLDER, kind]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield int(process.stdout.readline()), process.pid
        process.communicate("\n")


@pytest.mark.parametrize("address", [item for item in ["127.0.0.1", "0.0.0.0", "::1", "::"] if is_here(item)])
def test_a_listener_is_found_with_its_address_and_its_process(run_module: RunModule, address: str) -> None:
    with listener(address) as held:
        port = held.getsockname()[1]
        answer = run_module("host_info", ports=[port])
    name = Path("/proc/self/comm").read_text(encoding="utf-8").strip()
    assert answer["listeners"] == [{"port": port, "address": address, "pid": os.getpid(), "process": name}]


def test_the_process_of_a_listener_is_the_one_that_holds_it(run_module: RunModule) -> None:
    with holder("open") as (port, pid):
        answer = run_module("host_info", ports=[port])
    assert answer["listeners"] == [{"port": port, "address": "127.0.0.1", "pid": pid, "process": "my (odd) name"}]


def test_a_process_that_may_not_be_seen_has_no_name() -> None:
    with holder("hidden") as (port, _pid):
        sockets = as_nobody(f"module.listening_sockets([{port}])")
        assert list(sockets.values()) == [(port, "127.0.0.1")]
        assert as_nobody(f"module.owners({list(sockets)})") == {}


def test_only_listeners_on_the_wanted_ports_are_told(run_module: RunModule) -> None:
    with listener("127.0.0.1") as first, listener("127.0.0.1") as second, listener("127.0.0.1"):
        ports = [held.getsockname()[1] for held in (first, second)]
        answer = run_module("host_info", ports=ports)
    assert [item["port"] for item in answer["listeners"]] == sorted(ports)


def test_a_connection_is_no_listener(run_module: RunModule) -> None:
    with listener("127.0.0.1") as held, socket.create_connection(held.getsockname()) as client:
        assert run_module("host_info", ports=[client.getsockname()[1]])["listeners"] == []


def test_a_port_that_was_closed_has_no_listener(run_module: RunModule) -> None:
    with listener("127.0.0.1") as held:
        port = held.getsockname()[1]
    assert run_module("host_info", ports=[port])["listeners"] == []


# --- Files and file systems ----------------------------------------------------------------------


def test_paths_that_do_not_exist_are_told(run_module: RunModule, tmp_path: Path) -> None:
    there, dangling, missing = tmp_path / "there", tmp_path / "dangling", tmp_path / "missing"
    there.touch()
    dangling.symlink_to(missing)
    answer = run_module("host_info", paths=[str(there), str(dangling), str(missing), str(tmp_path)])
    assert answer["missing_paths"] == [str(dangling), str(missing)]


def test_free_space_is_what_an_unprivileged_process_may_use(tmp_path: Path) -> None:
    assert abs(host_info.free_mib(str(tmp_path)) - shutil.disk_usage(tmp_path).free // 2**20) < 200


@pytest.mark.parametrize("path", ["missing", "missing/further/down", "missing/", "file/below"])
def test_a_path_that_does_not_exist_stands_for_its_nearest_parent(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").touch()
    assert abs(host_info.free_mib(f"{tmp_path}/{path}") - host_info.free_mib(str(tmp_path))) < 200


def test_a_file_system_without_space_has_none() -> None:
    # The kernel's own; it has no blocks at all.
    assert host_info.free_mib("/proc/missing") == 0


def test_the_root_directory_has_space(run_module: RunModule) -> None:
    answer = run_module("host_info", disk_paths=["/", "/nonexistent/docker"])
    assert list(answer["free_mib"]) == ["/", "/nonexistent/docker"]
    assert all(isinstance(free, int) and free >= 0 for free in answer["free_mib"].values())


# --- The module ----------------------------------------------------------------------------------


@pytest.mark.parametrize("check_mode", [False, True])
def test_everything_is_told_at_once_and_nothing_is_changed(
    engine: t.Callable[[int, bytes], Path], run_module: RunModule, check_mode: bool
) -> None:
    path = engine(200, b"OK")
    answer = run_module("host_info", docker_socket=str(path), check_mode=check_mode)
    requests = importlib.util.find_spec("requests") is not None
    engine_ = {"answers": True, "socket": str(path), "exists": True, "reason": "", "requests": requests}
    assert answer["docker"] == engine_
    assert (answer["changed"], answer["listeners"], answer["missing_paths"], answer["free_mib"]) == (False, [], [], {})
    assert answer["systemd"] is Path("/run/systemd/system").is_dir()


def test_without_an_engine_the_module_succeeds(run_module: RunModule, tmp_path: Path) -> None:
    answer = run_module("host_info", docker_socket=str(tmp_path / "docker.sock"))
    assert not answer.get("failed")
    assert (answer["docker"]["answers"], answer["docker"]["exists"]) == (False, False)
    assert answer["docker"]["reason"] == "the socket does not exist"


def test_the_engine_is_asked_for_a_ping_and_nothing_else(tmp_path: Path) -> None:
    with UnixEngine(tmp_path / "docker.sock", 200, b"OK") as server:
        host_info.ping(str(tmp_path / "docker.sock"))
        server.shutdown()
    assert server.requests == ["GET /_ping"]


# --- Where something may be written --------------------------------------------------------------


@pytest.mark.parametrize("path", ["there", "there/new", "there/new/further/down"])
def test_a_directory_that_could_be_made_is_writable(run_module: RunModule, tmp_path: Path, path: str) -> None:
    (tmp_path / "there").mkdir()
    assert run_module("host_info", write_paths=[str(tmp_path / path)])["unwritable_paths"] == []


@pytest.mark.parametrize("path", ["file", "file/below"])
def test_a_file_is_no_directory_to_write_in(run_module: RunModule, tmp_path: Path, path: str) -> None:
    (tmp_path / "file").touch()
    assert run_module("host_info", write_paths=[str(tmp_path / path)])["unwritable_paths"] == [str(tmp_path / path)]


@pytest.mark.parametrize("path", ["/etc/prefect", "/etc", "/nonexistent/directory"])
def test_what_belongs_to_root_is_not_writable_for_others(path: str) -> None:
    assert as_nobody(f"module.writable({path!r})") is False


def test_the_user_is_named(run_module: RunModule) -> None:
    assert run_module("host_info")["user"] == {"uid": os.geteuid(), "name": pwd.getpwuid(os.geteuid()).pw_name}
    assert as_nobody("[module.user_name()]") != ["root"]


# --- Memory --------------------------------------------------------------------------------------


def test_the_memory_is_the_machines(run_module: RunModule) -> None:
    memory = run_module("host_info")["memory"]
    assert memory["total_mib"] == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    assert 0 < memory["available_mib"] <= memory["total_mib"]


def test_a_kernel_that_does_not_estimate_tells_what_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:  4194304 kB\nMemFree:   1048576 kB\nHugePages_Total:  0\n", encoding="ascii")
    monkeypatch.setattr(host_info, "MEMINFO", str(meminfo))
    assert host_info.memory() == {"total_mib": 4096, "available_mib": 1024}


# --- Addresses, names, services ------------------------------------------------------------------


def test_addresses_of_others_are_told(run_module: RunModule) -> None:
    asked = ["127.0.0.1", "0.0.0.0", "192.0.2.77", "2001:db8::7:1", "localhost", "300.1.1.1", ""]
    answer = run_module("host_info", bind_addresses=asked)
    assert answer["foreign_addresses"] == ["192.0.2.77", "2001:db8::7:1", "localhost", "300.1.1.1", ""]


def test_names_are_resolved_as_the_host_does_it(run_module: RunModule) -> None:
    answer = run_module("host_info", names=["localhost", "192.0.2.1", "missing.invalid", "x" * 300, "a..b"])
    assert "127.0.0.1" in answer["names"].pop("localhost")
    assert answer["names"] == {"192.0.2.1": ["192.0.2.1"], "missing.invalid": [], "x" * 300: [], "a..b": []}


def asked(run_module: RunModule, *services: dict[str, t.Any]) -> list[str]:
    """Return why each of the services was not reached."""
    answer = run_module("host_info", reach=list(services), timeout=0.5)
    assert [item["reached"] for item in answer["reach"]] == [not item["reason"] for item in answer["reach"]]
    assert [(item["host"], item["port"]) for item in answer["reach"]] == [(s["host"], s["port"]) for s in services]
    return [item["reason"] for item in answer["reach"]]


def test_a_service_that_listens_is_reached_and_one_that_does_not_is_not(run_module: RunModule) -> None:
    with listener("127.0.0.1") as held:
        here = {"host": "127.0.0.1", "port": held.getsockname()[1]}
        gone = {"host": "127.0.0.1", "port": 1}
        reasons = asked(run_module, here, gone, {"host": "missing.invalid", "port": 1})
    assert reasons == [
        "",
        "the connection was refused: nothing listens there, or a firewall rejects it",
        "the name does not resolve",
    ]


@contextlib.contextmanager
def full() -> t.Iterator[int]:
    """Listen with a queue that is full, so that the kernel drops connections as a firewall does: the port."""
    with contextlib.ExitStack() as stack:
        held = stack.enter_context(socket.socket())
        held.bind(("127.0.0.1", 0))
        held.listen(0)
        for _number in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(held.getsockname())
        time.sleep(0.1)
        yield held.getsockname()[1]


def test_a_service_that_does_not_answer_is_not_waited_for_for_ever_and_many_no_longer_than_one(
    run_module: RunModule,
) -> None:
    with full() as port:
        begin = time.monotonic()
        reasons = asked(run_module, *({"host": "127.0.0.1", "port": port} for _number in range(8)))
        assert time.monotonic() - begin < 3
    assert set(reasons) == {"no answer within 0.5 s: the host is down, or a firewall drops it"}


@pytest.mark.parametrize("port", [-1, 70000])
def test_a_port_that_is_none_is_told_in_words(run_module: RunModule, port: int) -> None:
    (reason,) = asked(run_module, {"host": "127.0.0.1", "port": port})
    assert reason


def test_a_certificate_must_be_trusted_and_be_the_names(
    run_module: RunModule, tls_server: ScriptedServer, authority: Path
) -> None:
    port = int(tls_server.url.split(":")[2].split("/")[0])
    ca = (authority / "ca.pem").read_text(encoding="ascii")
    service = {"host": "127.0.0.1", "port": port, "tls": True}
    trusted, unknown, renamed = asked(
        run_module, {**service, "ca_certificate": ca}, service, {**service, "host": "localhost", "ca_certificate": ca}
    )
    assert trusted == ""
    assert "not trusted here: unable to get local issuer certificate" in unknown
    assert "not trusted here: Hostname mismatch" in renamed


def test_a_service_without_tls_makes_no_handshake(run_module: RunModule, server: ScriptedServer) -> None:
    port = int(server.url.split(":")[2].split("/")[0])
    (reason,) = asked(run_module, {"host": "127.0.0.1", "port": port, "tls": True})
    assert reason


def test_an_authority_that_is_none_is_told_in_words(run_module: RunModule) -> None:
    with listener("127.0.0.1") as held:
        service = {"host": "127.0.0.1", "port": held.getsockname()[1], "tls": True, "ca_certificate": "not PEM"}
        (reason,) = asked(run_module, service)
    assert reason.startswith("no TLS handshake")


@pytest.mark.parametrize(
    ("wanted", "differs"),
    [
        pytest.param({}, False, id="there"),
        pytest.param({"mode": "0640"}, False, id="mode"),
        pytest.param({"mode": "0600"}, True, id="another mode"),
        pytest.param({"checksum": "a9993e364706816aba3e25717850c26c9cd0d89d"}, False, id="checksum"),
        pytest.param({"checksum": "da39a3ee5e6b4b0d3255bfef95601890afd80709"}, True, id="another checksum"),
        pytest.param({"contains": ["a", "bc"]}, False, id="texts"),
        pytest.param({"contains": ["a", "d"]}, True, id="a text that is not in it"),
    ],
)
def test_a_file_differs_in_what_is_asked_for(
    run_module: RunModule, tmp_path: Path, wanted: dict[str, t.Any], differs: bool
) -> None:
    path = tmp_path / "file"
    path.write_text("abc", encoding="utf-8")
    path.chmod(0o640)
    result = run_module("host_info", files=[{"path": str(path), **wanted}])
    assert result["differing_files"] == ([str(path)] if differs else [])


def test_a_file_that_is_missing_or_no_file_differs(run_module: RunModule, tmp_path: Path) -> None:
    paths = [str(tmp_path / "missing"), str(tmp_path)]
    assert run_module("host_info", files=[{"path": path} for path in paths])["differing_files"] == paths


def test_a_file_may_be_another_with_more_after_it(run_module: RunModule, tmp_path: Path) -> None:
    public, bundle = tmp_path / "public", tmp_path / "bundle"
    item = {"path": str(bundle), "after": str(public), "content": "mine\n"}
    bundle.write_text("\nmine\n", encoding="utf-8")
    assert run_module("host_info", files=[item])["differing_files"] == []
    public.write_text("\ntheirs\n\n", encoding="utf-8")
    assert run_module("host_info", files=[item])["differing_files"] == [str(bundle)]
    bundle.write_text("theirs\nmine\n", encoding="utf-8")
    assert run_module("host_info", files=[item])["differing_files"] == []
    bundle.write_text("theirs\nmine\nand another\n", encoding="utf-8")
    assert run_module("host_info", files=[item])["differing_files"] == [str(bundle)]


def test_patterns_find_links_to_nothing_too(run_module: RunModule, tmp_path: Path) -> None:
    (tmp_path / "prefect.crt").touch()
    (tmp_path / "prefect-2.crt").symlink_to("nowhere")
    result = run_module("host_info", globs=[f"{tmp_path}/prefect*.crt", f"{tmp_path}/other*"])
    assert result["found_paths"] == [f"{tmp_path}/prefect-2.crt", f"{tmp_path}/prefect.crt"]
