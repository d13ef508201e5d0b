# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine, the product's images and the test bed's own."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from .machine import HERE, ROOT, STATE, TestbedError, docker, run, say, timed

_CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")

# Debian as the role images builds it without a registry, any version of its recipe, and as the registry has it.
_BUILT_BASE = "selfhosted-prefect/debian:bookworm*"
_UPSTREAM_BASE = "debian:bookworm-slim"

_BUILD_ENVIRONMENT = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "http_proxy", "https_proxy", "no_proxy")

PRODUCT_VERSION = "3.8"
PREFECT_VERSIONS = ("3.6", PRODUCT_VERSION, "3.9")
"""Releases of Prefect that :func:`prefect_image` knows."""


def _ansible(program: str) -> str:
    """Return the path of one of Ansible's programs in this Python environment."""
    return str(Path(sys.executable).parent / program)


def _environment() -> dict[str, str]:
    """Return the environment without the settings of a Molecule run, which are not ours."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ANSIBLE_", "MOLECULE_"))}
    return {**kept, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}


def bootstrap() -> None:
    """Leave an engine that answers and the product's images, the way a user gets them.

    :raises TestbedError: the playbook failed, or no engine answers after it.
    """
    command = [_ansible("ansible-playbook"), "--inventory", "inventory/local", "playbooks/bootstrap.yml"]
    say("engine and product images: the first time, this takes minutes")
    with timed("engine and product images"):
        run(command, env=_environment(), log=STATE / "logs" / "bootstrap.log")
    check_engine()


def check_engine() -> None:
    """Raise :class:`TestbedError` when no engine answers."""
    result = run(["docker", "version", "--format", "{{.Server.Version}}"], check=False)
    if result.returncode != 0:
        msg = f"no Docker engine answers: {result.stderr.strip()}"
        raise TestbedError(msg)


def product_images() -> dict[str, str]:
    """Return the variables of ``inventory/local`` that name images, as Ansible merges them."""
    command = [_ansible("ansible-inventory"), "--inventory", "inventory/local", "--host", "localhost"]
    variables: dict[str, object] = json.loads(run(command, env=_environment()).stdout)
    return {name: str(value) for name, value in variables.items() if name.endswith("_image")}


def image_id(name: str) -> str:
    """Return the id of a local image, or an empty string when there is none."""
    return docker("image", "inspect", "--format", "{{.Id}}", name, check=False) if name else ""


def base_image() -> str:
    """Return the Debian image to build on, pulling it where its registry answers."""
    built = docker("images", "--filter", f"reference={_BUILT_BASE}", "--format", "{{.Repository}}:{{.Tag}}").split()
    if built:
        return built[0]  # the engine lists the newest first
    if not image_id(_UPSTREAM_BASE):
        say(f"pulling {_UPSTREAM_BASE}")
        docker("pull", "--quiet", _UPSTREAM_BASE)
    return _UPSTREAM_BASE


def prefect_image(version: str = PRODUCT_VERSION) -> str:
    """Return the image of a Prefect release: the product's own, or another one built on it.

    :param version: the release, one of :data:`PREFECT_VERSIONS`.
    :raises TestbedError: no such release is known, or its build fails.
    """
    if version not in PREFECT_VERSIONS:
        msg = f"no recipe makes Prefect {version}; there are {', '.join(PREFECT_VERSIONS)}"
        raise TestbedError(msg)
    product = product_images()["prefect_server_image"]
    return product if version == PRODUCT_VERSION else build("prefect", base=product, variant=version)


def build(name: str, *, base: str = "", variant: str = "") -> str:
    """Build ``recipes/<name>`` unless an image of the same content exists.

    The content is the recipe, the files beside it, the machine's trust store and
    the id of the base image.

    :param base: image to build on (default: Debian).
    :param variant: what the recipe gets as ``VERSION``; also begins the tag.
    :return: the image's name and tag.
    """
    base = base or base_image()
    with tempfile.TemporaryDirectory(prefix="sp-testbed-") as directory:
        context = Path(directory)
        shutil.copytree(HERE / "recipes" / name, context, dirs_exist_ok=True)
        shutil.copy(_CA_BUNDLE, context / _CA_BUNDLE.name)
        digest = hashlib.sha256(image_id(base).encode())
        for path in sorted(context.rglob("*")):
            if path.is_file():
                digest.update(f"\0{path.relative_to(context)}\0".encode() + path.read_bytes())
        tag = f"selfhosted-prefect-testbed/{name}:{variant}{'-' if variant else ''}{digest.hexdigest()[:12]}"
        if not image_id(tag):
            # The way to the packages is the caller's, as it is for the product's own images.
            passed = [f"{key}={os.environ[key]}" for key in _BUILD_ENVIRONMENT if os.environ.get(key)]
            arguments = [f"BASE={base}", f"VERSION={variant}", *passed]
            options = [part for argument in arguments for part in ("--build-arg", argument)]
            with timed(f"image {tag} built"):
                docker("build", *options, "--tag", tag, str(context), log=STATE / "logs" / f"build-{name}{variant}.log")
    return tag
