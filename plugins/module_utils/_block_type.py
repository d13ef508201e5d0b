# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is special about block types (private: not for use outside this collection)."""

from __future__ import annotations

import html
import re
import typing as t

from ansible_collections.selfhosted.prefect.plugins.module_utils._client import Json
from ansible_collections.selfhosted.prefect.plugins.module_utils._errors import InputError
from ansible_collections.selfhosted.prefect.plugins.module_utils._values import parse_name as parse_any_name
from ansible_collections.selfhosted.prefect.plugins.module_utils._values import parse_text

if t.TYPE_CHECKING:
    from ansible_collections.selfhosted.prefect.plugins.module_utils._directory import Directory

_SLUG = re.compile(r"[a-z0-9-]+")

SYSTEM = frozenset(
    {
        "aws-credentials",
        "aws-secret",
        "azure-blob-storage-container",
        "azure-blob-storage-credentials",
        "azure-container-instance-credentials",
        "azure-cosmos-db-credentials",
        "azureml-credentials",
        "bigquery-warehouse",
        "bitbucket-credentials",
        "bitbucket-repository",
        "custom-webhook",
        "database-credentials",
        "databricks-credentials",
        "dbt-cli-bigquery-target-configs",
        "dbt-cli-global-configs",
        "dbt-cli-postgres-target-configs",
        "dbt-cli-profile",
        "dbt-cli-snowflake-target-configs",
        "dbt-cli-target-configs",
        "dbt-cloud-credentials",
        "dbt-core-operation",
        "discord-webhook",
        "docker-host",
        "docker-registry-credentials",
        "email-server-credentials",
        "gcp-credentials",
        "gcpsecret",
        "gcs-bucket",
        "github-credentials",
        "github-repository",
        "gitlab-credentials",
        "gitlab-repository",
        "kubernetes-cluster-config",
        "kubernetes-credentials",
        "lambda-function",
        "local-file-system",
        "mattermost-webhook",
        "minio-credentials",
        "ms-teams-webhook",
        "opsgenie-webhook",
        "pager-duty-webhook",
        "redis-database",
        "remote-file-system",
        "s3-bucket",
        "secret",
        "sendgrid-email",
        "shell-operation",
        "slack-credentials",
        "slack-webhook",
        "smb",
        "snowflake-connector",
        "snowflake-credentials",
        "sqlalchemy-connector",
        "twilio-sms",
        "webhook",
    }
)
"""Those that a server registers by itself (3.6 to 3.9); some of them say nothing by which they could be told."""


def parse_slug(value: t.Any) -> str:
    """Return a slug, as of a block type, or the name of a block."""
    text = str(value)
    if not _SLUG.fullmatch(text):
        raise InputError(f"must be lower-case letters, digits and dashes, which is all Prefect takes, but is {text!r}")
    return text


def parse_name(value: t.Any) -> str:
    """Return a block type's display name."""
    text = parse_any_name(value)
    if text.lower().startswith("prefect"):
        raise InputError(f"must not begin with Prefect, which Prefect keeps for its own block types, but is {text!r}")
    return text


def parse_url(value: t.Any) -> str:
    """Return an address; the server takes away space around it."""
    return parse_text(value).strip()


def decode_text(option: str) -> t.Callable[[Directory, Json], t.Any]:
    """Return what reads a text that the server escapes as HTML when it creates a block type, and not when it changes one."""

    def decode(directory: Directory, document: Json) -> t.Any:
        return without_escapes(document.get(option))

    return decode


def without_escapes(value: t.Any) -> t.Any:
    """Return a text without HTML escapes; to the server one that differs in them alone is the same."""
    return html.unescape(value) or None if isinstance(value, str) else value


def is_system(directory: Directory, document: Json) -> bool:
    """Whether the server registers the block type by itself. The API does not say so of most of them."""
    return bool(document.get("is_protected")) or str(document.get("slug")) in SYSTEM


def why_kept(directory: Directory, document: Json) -> str:
    """Say why the server would not remove a block type."""
    return "Prefect protects this block type, because it needs it itself" if document.get("is_protected") else ""
