# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the test bed."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from . import hosts, images, nameserver, registry
from .machine import TestbedError, locked, need_packages, say, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


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
    up.add_argument(
        "--spec",
        metavar="FILE",
        help="YAML: hosts by name with what each is to be (kind, user, networks, firewall, names); '-' is the standard input",
    )
    command("list", "Print the names of this checkout's hosts.")
    command("inventory", "Print a YAML inventory of hosts that are up.", "+")
    command("reboot", "Reboot hosts and wait until they are up.", "+")
    command("kill", "Cut hosts' power; 'up' brings them back as they are.", "+")
    command("cut", "Pull hosts' cables: nothing gets in or out, addresses stay, over reboots, too.", "+")
    command("gap", "Take hosts' way out: no internet and no registry, but each other and SSH.", "+")
    command("mend", "Undo cut and gap.", "+")
    scan = command("scan", "Print as JSON which of all TCP ports answer at addresses, seen from a host.")
    scan.add_argument("source", metavar="HOST", help="short name of the host that looks")
    scan.add_argument("addresses", nargs="+", metavar="ADDRESS")
    command("remove", "Remove hosts with all that is on them.", "+")
    command("down", "Remove all hosts of this checkout, the registry, their volumes and networks.")
    return parser


def _wanted(names: Sequence[str], spec: str | None) -> dict[str, hosts.Spec | None]:
    """Return the hosts to bring up, by name; a bad name or spec is told before anything is made."""
    wanted: dict[str, hosts.Spec | None] = dict.fromkeys(names)
    if spec is not None:
        try:
            given = yaml.safe_load(sys.stdin if spec == "-" else Path(spec).read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            msg = f"--spec {spec}: {error}"
            raise TestbedError(msg) from error
        if not isinstance(given, dict):
            msg = f"--spec {spec}: give a mapping of hosts by name, not {given!r}"
            raise TestbedError(msg)
        wanted.update({str(name): hosts.Spec.parse(str(name), value or {}) for name, value in given.items()})
    for name in wanted:
        hosts.Host(name)
    return wanted


def _up(wanted: dict[str, hosts.Spec | None], inventory: Path | None) -> None:
    need_packages({"ssh": "openssh-client", "ssh-keygen": "openssh-client"})
    with timed("up"):
        with locked():
            images.bootstrap()
            registry.up()
            nameserver.up()
            for kind in hosts.KINDS:
                images.build("vps", variant=kind)
        if not wanted:
            return
        hosts.up(wanted)
    text = hosts.inventory(wanted)
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
            nameserver.down()
            registry.down()


_ON_NAMES: dict[str, Callable[[list[str]], None]] = {
    "reboot": hosts.reboot,
    "kill": hosts.kill,
    "cut": lambda names: hosts.change_network(names, cut=True),
    "gap": lambda names: hosts.change_network(names, gapped=True),
    "mend": hosts.change_network,
    "remove": hosts.remove,
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "up":
            _up(_wanted(options.names, options.spec), options.inventory)
            return 0
        images.check_engine()
        if options.command == "list":
            print("\n".join(hosts.names()))
        elif options.command == "inventory":
            print(hosts.inventory(options.names), end="")
        elif options.command == "scan":
            print(json.dumps(hosts.scan(options.source, options.addresses)))
        elif options.command == "down":
            _down()
        else:
            _ON_NAMES[options.command](options.names)
    except TestbedError as error:
        say(f"error: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
