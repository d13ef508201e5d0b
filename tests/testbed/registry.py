# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry that serves the product's images under their upstream names."""

from __future__ import annotations

import urllib.error
import urllib.request

from . import networks
from .images import build, image_id, product_images
from .machine import TestbedError, docker, remove_service, run_service, timed, wait_for
from .networks import PUBLIC

_NAME = "sp-testbed-registry"
_PORT = 5000

# Upstream repository and tag: the variable of inventory/local that names what stands for it here.
PRODUCT = {
    "library/postgres:15-alpine": "prefect_database_image",
    "prefecthq/prefect:3-python3.11": "prefect_server_image",
}
# Upstream repository and tag: the recipe that makes what stands for it here.
RECIPES = {
    "library/caddy:2": "caddy",
}

_MANIFESTS = ", ".join(
    (
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.index.v1+json",
    )
)


def address() -> str:
    """Return the registry's address in the public network."""
    return str(networks.subnet(PUBLIC)[2])


def mirror_url() -> str:
    """Return the registry's address as the VPS hosts reach it."""
    return f"http://{address()}:{_PORT}"


def _local() -> str:
    """Return the registry's host and port on this machine's loopback.

    The engine needs no TLS to push there, and picks the port, so that none is taken away.
    """
    return docker("port", _NAME, f"{_PORT}/tcp").splitlines()[0]


def _get(path: str) -> bytes:
    request = urllib.request.Request(f"http://{_local()}/v2/{path}", headers={"Accept": _MANIFESTS})
    # No proxy of the environment stands between this machine and itself.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as response:
        digest: str = response.headers.get("Docker-Content-Digest", "")
        body: bytes = response.read()
    return body + digest.encode()


def _serves(repository: str, tag: str, wanted: str) -> bool:
    """Tell whether the registry's tag is the image of that id.

    An engine's image id is the digest of the image's configuration, or, with
    containerd's image store, of its manifest. The answer holds both.
    """
    try:
        return wanted.encode() in _get(f"{repository}/manifests/{tag}")
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return False
        raise


def up() -> None:
    """Run the registry and bring what it serves up to date."""
    image = build("registry")
    networks.ensure(PUBLIC)
    place = ["--network", PUBLIC, "--ip", address()]
    run_service(_NAME, image, [*place, "--publish", f"127.0.0.1::{_PORT}", "--volume", f"{_NAME}:/var/lib/registry"])
    wait_for("the registry does not answer", 30, _answers)
    images = product_images()
    for name, variable in PRODUCT.items():
        own = images.get(variable, "")
        if not image_id(own):
            msg = f"{variable} ({own or 'not set'}) is not an image of this engine; playbooks/bootstrap.yml gets it"
            raise TestbedError(msg)
        _serve(name, own)
    for name, recipe in RECIPES.items():
        _serve(name, build(recipe))


def _answers() -> str | None:
    try:
        _get("")
    except (OSError, IndexError) as error:
        return str(error)
    return None


def _serve(name: str, image: str) -> None:
    """Push an image of this engine as the upstream name, unless it is there."""
    repository, tag = name.rsplit(":", 1)
    if _serves(repository, tag, image_id(image)):
        return
    target = f"{_local()}/{name}"
    with timed(f"{image} pushed as {name}"):
        docker("tag", image, target)
        try:
            docker("push", target)
        finally:
            docker("rmi", target)


def down() -> None:
    """Remove the registry, what it keeps and the network."""
    remove_service(_NAME)
    if docker("volume", "inspect", "--format", "{{.Name}}", _NAME, check=False):
        docker("volume", "rm", _NAME)
    networks.remove_unused()
    if docker("network", "inspect", "--format", "{{.Id}}", PUBLIC, check=False):
        docker("network", "rm", PUBLIC)
