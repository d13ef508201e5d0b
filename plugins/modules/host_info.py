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
  - Tells in one task whether a Docker engine answers, who listens on given TCP ports, which files exist and how much disk space is free.
  - Reads only. It needs nothing but Python on the host, so that it can say what else is missing.
attributes:
  check_mode:
    support: full
    description: Reads only, so check mode changes nothing.
  diff_mode:
    support: none
    description: Changes nothing.
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
  write_paths:
    description:
      - Paths that this user wants to write at, or to make.
    type: list
    elements: path
    default: []
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

import glob
import http.client
import importlib.util
import ipaddress
import os
import pwd
import socket
import struct
import typing as t

from ansible.module_utils.basic import AnsibleModule

PING_TIMEOUT = 10.0  # seconds
TCP_LISTEN = "0A"  # the kernel's number of the LISTEN state, include/net/tcp_states.h


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=PING_TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def ping(path: str) -> tuple[bool, str]:
    """Ask the engine behind a socket for a sign of life: (answered, why not)."""
    connection = _UnixConnection(path)
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


def writable(path: str) -> bool:
    """Whether this user can write at C(path), or make it: what counts is its nearest existing parent."""
    while not os.path.lexists(path):
        path = os.path.dirname(path.rstrip("/")) or "/"
    return os.path.isdir(path) and os.access(path, os.W_OK | os.X_OK)


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
            "write_paths": {"type": "list", "elements": "path", "default": []},
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
        unwritable_paths=[item for item in module.params["write_paths"] if not writable(item)],
        user={"uid": os.geteuid(), "name": user_name()},
        free_mib={item: free_mib(item) for item in module.params["disk_paths"]},
        systemd=os.path.isdir("/run/systemd/system"),
    )


if __name__ == "__main__":
    main()
