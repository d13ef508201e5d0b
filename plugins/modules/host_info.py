#!/usr/bin/python
#
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a deployment must know of a host before it touches it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: What a deployment must know of a host before it touches it
version_added: 0.1.0
author:
  - The selfhosted.prefect authors (@selfhosted)
description:
  - Tells in one task whether a Docker engine answers, who listens on given TCP ports, which addresses are the host's, which files exist and
    which are not what they are to be, how much memory and disk space there is, how the clock goes, which names the host resolves and what it reaches.
  - Reads only. It needs nothing but Python on the host, so that it can say what else is missing.
attributes:
  check_mode:
    support: full
    description: Reads only, so check mode changes nothing.
  diff_mode:
    support: none
    description: Changes nothing.
  action:
    support: full
    description: The controller calls the module and holds the host's clock against its own.
options:
  docker_socket:
    description:
      - Path of the Docker engine's socket. The default is the one in the environment variable E(DOCKER_HOST), if that
        names a socket, or else V(/var/run/docker.sock).
    type: path
  ports:
    description:
      - TCP ports to look for listeners on. Processes of other users are named only when the task runs as root.
    type: list
    elements: int
    default: []
  paths:
    description:
      - Paths that are looked for.
    type: list
    elements: path
    default: []
  globs:
    description:
      - Patterns of paths, as of a shell, that are looked for.
    type: list
    elements: str
    default: []
  files:
    description:
      - Files that are held against what they are to be, so that only those that differ need be written.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Path of the file.
        type: path
        required: true
      mode:
        description: Permissions, in octal digits. Unset, any will do.
        type: str
      checksum:
        description: SHA-1 of its content, as M(ansible.builtin.stat) has it. Unset, any will do.
        type: str
      contains:
        description: Texts that it has in it.
        type: list
        elements: str
        default: []
      after:
        description: Path of another file, whose content comes first and O(files[].content) on the lines after it, both without the blank
          space around them.
        type: path
      content:
        description: With O(files[].after), what comes after that.
        type: str
        default: ""
  write_paths:
    description:
      - Paths that this user wants to write at, or to make.
    type: list
    elements: path
    default: []
  bind_addresses:
    description:
      - Addresses that something is to listen on.
    type: list
    elements: str
    default: []
  names:
    description:
      - Host names to resolve.
    type: list
    elements: str
    default: []
  reach:
    description:
      - Services to connect to over TCP, all at once.
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description: Host name or address.
        type: str
        required: true
      port:
        description: TCP port.
        type: int
        required: true
      tls:
        description: Whether it must answer with a certificate for O(reach[].host) that is trusted.
        type: bool
        default: false
      ca_certificate:
        description: Certificates, as PEM text, that are trusted besides those that the host trusts.
        type: str
        default: ""
  timeout:
    description:
      - Seconds that an answer of O(reach) may take.
    type: float
    default: 5.0
  disk_paths:
    description:
      - Paths on the file systems whose free space is wanted. A path that does not exist stands for its nearest existing parent.
    type: list
    elements: path
    default: []
"""

EXAMPLES = r"""
- name: Look at the host
  selfhosted.prefect.host_info:
    ports:
      - 4200
    disk_paths:
      - /var/lib/docker
  register: host
"""

RETURN = r"""
docker:
  description: Whether a Docker engine answers.
  returned: always
  type: dict
  contains:
    answers:
      description: Whether it answered a ping.
      type: bool
      sample: true
    socket:
      description: The socket that was asked.
      type: str
      sample: /var/run/docker.sock
    exists:
      description: Whether the socket exists, so that an engine is at least installed.
      type: bool
      sample: true
    reason:
      description: Why it did not answer. Empty when it did.
      type: str
      sample: ""
    requests:
      description: Whether the Python that runs modules here can import C(requests), which community.docker needs.
      type: bool
      sample: true
listeners:
  description: TCP listeners on O(ports).
  returned: always
  type: list
  elements: dict
  contains:
    port:
      description: The port.
      type: int
      sample: 4200
    address:
      description: The address it is bound to.
      type: str
      sample: 0.0.0.0
    process:
      description: Name of the process. Empty where it may not be seen.
      type: str
      sample: nginx
    pid:
      description: Its process number, or 0.
      type: int
      sample: 811
missing_paths:
  description: Those of O(paths) that do not exist.
  returned: always
  type: list
  elements: str
  sample: []
found_paths:
  description: What O(globs) found, in order.
  returned: always
  type: list
  elements: str
  sample: []
differing_files:
  description: Paths of those of O(files) that are missing, cannot be read, or are not what they are to be.
  returned: always
  type: list
  elements: str
  sample: []
unwritable_paths:
  description: Those of O(write_paths) that this user can neither write at nor make.
  returned: always
  type: list
  elements: str
  sample: []
user:
  description: The user that modules run as.
  returned: always
  type: dict
  contains:
    uid:
      description: Number of the user.
      type: int
      sample: 0
    name:
      description: Its name, or its number where it has none.
      type: str
      sample: root
foreign_addresses:
  description: Those of O(bind_addresses) that are no addresses of this host.
  returned: always
  type: list
  elements: str
  sample: []
names:
  description: For each of O(names) the addresses that it resolves to here. None where it does not resolve.
  returned: always
  type: dict
  sample:
    prefect.example.org:
      - 203.0.113.5
reach:
  description: What came of O(reach), in its order.
  returned: always
  type: list
  elements: dict
  contains:
    host:
      description: As asked.
      type: str
      sample: prefect.example.org
    port:
      description: As asked.
      type: int
      sample: 443
    reached:
      description: Whether it took the connection and, if asked for, showed a trusted certificate.
      type: bool
      sample: true
    reason:
      description: Why not. Empty when it did.
      type: str
      sample: ""
memory:
  description: Memory of the host in MiB.
  returned: always
  type: dict
  contains:
    total_mib:
      description: All that it has.
      type: int
      sample: 3919
    available_mib:
      description: What could be had now without swapping.
      type: int
      sample: 2048
clock:
  description:
    - The host's clock. The controller notes its own time before it calls the module and after it, and the host tells its time in between,
      so the true offset lies between the bounds.
  returned: always
  type: dict
  contains:
    time:
      description: Time of the host, in seconds since 1970 in UTC.
      type: float
      sample: 1767225600.25
    offset:
      description: Seconds that the host is ahead of the controller, the middle of the bounds. Negative when it is behind.
      type: float
      sample: 0.1
    offset_min:
      description: Lower bound.
      type: float
      sample: -0.2
    offset_max:
      description: Upper bound.
      type: float
      sample: 0.4
free_mib:
  description: Free space in MiB for an unprivileged process, by path of O(disk_paths).
  returned: always
  type: dict
  sample:
    /var/lib/docker: 20480
systemd:
  description: Whether systemd runs the host.
  returned: always
  type: bool
  sample: true
"""

import concurrent.futures
import errno
import glob
import hashlib
import http.client
import importlib.util
import ipaddress
import os
import pwd
import socket
import ssl
import stat
import struct
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.selfhosted.prefect.plugins.module_utils._docker import UnixConnection

PING_TIMEOUT = 10.0  # seconds
TCP_LISTEN = "0A"  # the kernel's number of the LISTEN state, include/net/tcp_states.h


MEMINFO = "/proc/meminfo"
CONNECTIONS = 16  # that are tried at the same time


def ping(path: str) -> tuple[bool, str]:
    """Ask the engine behind a socket for a sign of life: (answered, why not)."""
    connection = UnixConnection(path, PING_TIMEOUT)
    try:
        connection.request("GET", "/_ping")
        response = connection.getresponse()
        body = response.read(200).decode("utf-8", "replace")
        if response.status == 200:
            return True, ""
        return False, f"it answered {response.status} {body.strip()}"
    except FileNotFoundError:
        return False, "the socket does not exist"
    except PermissionError:
        return False, "this user may not use the socket"
    except ConnectionRefusedError:
        return False, "nothing listens on the socket"
    except (OSError, http.client.HTTPException) as exc:
        return False, str(exc) or type(exc).__name__
    finally:
        connection.close()


def parse_address(text: str) -> str:
    """An address as the kernel prints it in /proc/net/tcp: 32-bit words in host byte order."""
    raw = b"".join(struct.pack("=I", int(text[i : i + 8], 16)) for i in range(0, len(text), 8))
    return str(ipaddress.ip_address(raw))


def listening_sockets(ports: t.Collection[int]) -> dict[str, tuple[int, str]]:
    """Inode of each listening socket on C(ports), with its port and address."""
    found: dict[str, tuple[int, str]] = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as lines:
                next(lines)
                for line in lines:
                    words = line.split()
                    address, _colon, port = words[1].partition(":")
                    if words[3] == TCP_LISTEN and int(port, 16) in ports:
                        found[words[9]] = (int(port, 16), parse_address(address))
        except FileNotFoundError:
            continue
    return found


def owners(inodes: t.Collection[str]) -> dict[str, tuple[int, str]]:
    """Process number and name that hold the sockets, as far as they may be seen."""
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    found: dict[str, tuple[int, str]] = {}
    for link in glob.glob("/proc/[0-9]*/fd/*") if wanted else ():
        try:
            inode = wanted.get(os.readlink(link))
            if inode is not None and inode not in found:
                pid = int(link.split("/")[2])
                with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as comm:
                    found[inode] = (pid, comm.read().strip())
        except OSError:
            continue  # the process ended meanwhile, or is another user's
    return found


def free_mib(path: str) -> int:
    """Free MiB on the file system that holds C(path), or will."""
    while True:
        try:
            status = os.statvfs(path)
            return status.f_bavail * status.f_frsize // (1024 * 1024)
        except OSError:
            parent = os.path.dirname(path.rstrip("/")) or "/"
            if parent == path:
                raise
            path = parent


def memory() -> dict[str, int]:
    """Memory of the host in MiB: all of it, and what is to be had. The kernel counts in KiB."""
    with open(MEMINFO, encoding="ascii") as lines:
        kib = {name: int(words.split()[0]) for name, _colon, words in (line.partition(":") for line in lines)}
    # Kernels before 3.14 do not estimate what is available.
    available = kib.get("MemAvailable", kib.get("MemFree", 0))
    return {"total_mib": kib["MemTotal"] // 1024, "available_mib": available // 1024}


def is_mine(address: str) -> bool:
    """Whether a socket of this host can be bound to an address. A name is no address."""
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        return False
    try:
        with socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except OSError as exc:
        return exc.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EINVAL)
    return True


def resolve(name: str) -> list[str]:
    """Addresses that this host resolves a name to, in order, or none."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return sorted({str(address[0]) for _family, _type, _protocol, _canonical, address in found})


def reach(host: str, port: int, tls: bool, ca_certificate: str, timeout: float) -> str:
    """Connect to a service once; why it could not be reached, or nothing.

    :param tls: Whether it must show a certificate for this host.
    :param ca_certificate: PEM text of what is trusted besides the host's own trust; may be empty.
    :param timeout: Seconds for the connection, and again for the handshake.
    """
    try:
        with socket.create_connection((host, port), timeout) as connection:
            if tls:
                context = ssl.create_default_context()
                if ca_certificate:
                    context.load_verify_locations(cadata=ca_certificate)
                with context.wrap_socket(connection, server_hostname=host):
                    pass
    except socket.gaierror:
        return "the name does not resolve"
    except ConnectionRefusedError:
        return "the connection was refused: nothing listens there, or a firewall rejects it"
    except socket.timeout:
        return f"no answer within {timeout:g} s: the host is down, or a firewall drops it"
    except ssl.SSLCertVerificationError as exc:
        return f"its certificate is not trusted here: {exc.verify_message}"
    except ssl.SSLError as exc:
        return f"no TLS handshake: {exc.reason or exc}"
    except (OSError, OverflowError, UnicodeError) as exc:
        return str(getattr(exc, "strerror", None) or exc)
    return ""


def reach_all(services: list[dict[str, t.Any]], timeout: float) -> list[dict[str, t.Any]]:
    """What comes of all services, in their order."""

    def one(service: dict[str, t.Any]) -> dict[str, t.Any]:
        where = {"host": service["host"], "port": service["port"]}
        reason = reach(**where, tls=service["tls"], ca_certificate=service["ca_certificate"], timeout=timeout)
        return {**where, "reached": not reason, "reason": reason}

    if not services:
        return []
    with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
        return list(pool.map(one, services))


def writable(path: str) -> bool:
    """Whether this user can write at C(path), or make it: what counts is its nearest existing parent."""
    while not os.path.lexists(path):
        path = os.path.dirname(path.rstrip("/")) or "/"
    return os.path.isdir(path) and os.access(path, os.W_OK | os.X_OK)


def read(path: str) -> bytes:
    """A file's content, or nothing where there is none that can be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def differs(file: dict[str, t.Any]) -> bool:
    """Whether a file is not what an item of the option C(files) says."""
    try:
        mode = stat.S_IMODE(os.stat(file["path"]).st_mode)
        with open(file["path"], "rb") as opened:
            content = opened.read()
    except OSError:
        return True
    return (
        (file["mode"] is not None and mode != int(file["mode"], 8))
        # Ansible's own checksum of files, which guards against nobody.
        or (file["checksum"] is not None and hashlib.sha1(content).hexdigest() != file["checksum"])  # noqa: S324
        or not all(text.encode() in content for text in file["contains"])
        or (
            file["after"] is not None
            and content != read(file["after"]).strip() + b"\n" + file["content"].strip().encode() + b"\n"
        )
    )


def user_name() -> str:
    """Name of the user that modules run as, or its number."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def default_socket() -> str:
    """The socket that the environment names, or Docker's own."""
    host = os.environ.get("DOCKER_HOST", "")
    return host[len("unix://") :] if host.startswith("unix://") else "/var/run/docker.sock"


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "docker_socket": {"type": "path"},
            "ports": {"type": "list", "elements": "int", "default": []},
            "paths": {"type": "list", "elements": "path", "default": []},
            "globs": {"type": "list", "elements": "str", "default": []},
            "files": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "path": {"type": "path", "required": True},
                    "mode": {"type": "str"},
                    "checksum": {"type": "str"},
                    "contains": {"type": "list", "elements": "str", "default": []},
                    "after": {"type": "path"},
                    "content": {"type": "str", "default": ""},
                },
            },
            "write_paths": {"type": "list", "elements": "path", "default": []},
            "bind_addresses": {"type": "list", "elements": "str", "default": []},
            "names": {"type": "list", "elements": "str", "default": []},
            "reach": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "host": {"type": "str", "required": True},
                    "port": {"type": "int", "required": True},
                    "tls": {"type": "bool", "default": False},
                    "ca_certificate": {"type": "str", "default": ""},
                },
            },
            "timeout": {"type": "float", "default": 5.0},
            "disk_paths": {"type": "list", "elements": "path", "default": []},
        },
        supports_check_mode=True,
    )
    path = module.params["docker_socket"] or default_socket()
    answers, reason = ping(path)
    sockets = listening_sockets(set(module.params["ports"]))
    holders = owners(sockets)
    listeners = []
    for inode, (port, address) in sorted(sockets.items(), key=lambda item: item[1]):
        pid, process = holders.get(inode, (0, ""))
        listeners.append({"port": port, "address": address, "pid": pid, "process": process})
    module.exit_json(
        changed=False,
        docker={
            "answers": answers,
            "socket": path,
            "exists": os.path.exists(path),
            "reason": reason,
            "requests": importlib.util.find_spec("requests") is not None,
        },
        listeners=listeners,
        missing_paths=[item for item in module.params["paths"] if not os.path.exists(item)],
        found_paths=sorted(item for pattern in module.params["globs"] for item in glob.glob(pattern)),
        differing_files=[item["path"] for item in module.params["files"] if differs(item)],
        unwritable_paths=[item for item in module.params["write_paths"] if not writable(item)],
        user={"uid": os.geteuid(), "name": user_name()},
        foreign_addresses=[item for item in module.params["bind_addresses"] if not is_mine(item)],
        names={item: resolve(item) for item in module.params["names"]},
        reach=reach_all(module.params["reach"], module.params["timeout"]),
        memory=memory(),
        # The last that is looked at: the controller takes the time when it has the answer.
        clock={"time": time.time()},
        free_mib={item: free_mib(item) for item in module.params["disk_paths"]},
        systemd=os.path.isdir("/run/systemd/system"),
    )


if __name__ == "__main__":
    main()
