# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which TCP ports of an address answer. Needs nothing but Python, so that it runs on a bare host, too.

usage: scan.py ADDRESS ...     Prints JSON: {ADDRESS: [PORT, ...]}

A port that a firewall drops says nothing, so each is given WAIT seconds, in which the kernel asks twice.
"""

from __future__ import annotations

import errno
import json
import os
import select
import socket
import sys
import time

PORTS = range(1, 65536)
WAIT = 1.7  # seconds; the kernel repeats an unanswered SYN after 1 s
AT_ONCE = 18000  # below what a host lets a process open


def scan(address: str) -> list[int]:
    """Return the ports of an IPv4 address that accept a connection."""
    answered = []
    for first in range(0, len(PORTS), AT_ONCE):
        answered += _some(address, PORTS[first : first + AT_ONCE])
    return sorted(answered)


def _some(address: str, ports: range) -> list[int]:
    poll = select.epoll()
    open_sockets: dict[int, tuple[socket.socket, int]] = {}
    answered = []
    try:
        for port in ports:
            one = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            open_sockets[one.fileno()] = (one, port)
            status = one.connect_ex((address, port))
            if status not in (0, errno.EINPROGRESS):
                raise OSError(status, f"{address}: {os.strerror(status)}")
            poll.register(one, select.EPOLLOUT)
        deadline = time.monotonic() + WAIT
        while open_sockets and (left := deadline - time.monotonic()) > 0:
            for number, _event in poll.poll(left):
                one, port = open_sockets.pop(number)
                if one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                    answered.append(port)
                one.close()
    finally:
        for one, _port in open_sockets.values():
            one.close()
        poll.close()
    return answered


if __name__ == "__main__":
    print(json.dumps({address: scan(address) for address in sys.argv[1:]}))
