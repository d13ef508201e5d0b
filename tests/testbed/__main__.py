# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the test bed."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import hosts, images, registry
from .machine import TestbedError, locked, need_packages, say, timed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.testbed", description="What the tests need around them.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str, names: str | None = None) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        if names:
            sub.add_argument("names", nargs=names, metavar="HOST", help="short name of a VPS host")
        return sub

    up = command("up", "Engine, images, registry, and these VPS hosts; prints an inventory of them.", "*")
    up.add_argument("--inventory", type=Path, metavar="FILE", help="write the inventory there instead")
    command("list", "Print the names of this checkout's hosts.")
    command("inventory", "Print a YAML inventory of hosts that are up.", "+")
    command("reboot", "Reboot hosts and wait until they are up.", "+")
    command("remove", "Remove hosts with all that is on them.", "+")
    command("down", "Remove all hosts of this checkout, the registry, their volumes and network.")
    return parser


def _up(names: list[str], inventory: Path | None) -> None:
    for name in names:
        hosts.Host(name)  # a bad name is told before anything is made
    need_packages({"ssh": "openssh-client", "ssh-keygen": "openssh-client"})
    with timed("up"):
        with locked():
            images.bootstrap()
            registry.up()
            images.build("vps")
        if not names:
            return
        hosts.up(names)
    text = hosts.inventory(names)
    if inventory is None:
        print(text, end="")
    else:
        inventory.parent.mkdir(parents=True, exist_ok=True)
        inventory.write_text(text, encoding="utf-8")


def _down() -> None:
    hosts.remove(hosts.names())
    with locked():
        others = hosts.names(everybody=True)
        if others:
            say(f"the registry stays: hosts of another checkout use it ({', '.join(others)})")
        else:
            registry.down()


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "up":
            _up(options.names, options.inventory)
            return 0
        images.check_engine()
        if options.command == "list":
            print("\n".join(hosts.names()))
        elif options.command == "inventory":
            print(hosts.inventory(options.names), end="")
        elif options.command == "reboot":
            hosts.reboot(options.names)
        elif options.command == "remove":
            hosts.remove(options.names)
        else:
            _down()
    except TestbedError as error:
        say(f"error: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
