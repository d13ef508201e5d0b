# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell, from inside a server's image, what it is and whether the database would do. Changes nothing. Prints one line of JSON.

Environment: ``URL`` (the server's connection URL; without it no database is asked), ``TLS`` (``true``: verified as the server would),
``CA`` (PEM text of the authority; the image's own ones otherwise), ``CHECK_HOSTNAME``, ``SEARCH_PATH``, ``TIMEOUT`` (seconds).
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import os
import ssl
import sys

QUERY = """
select current_setting('server_version_num')::int as number, current_setting('server_version') as version,
  exists (select from pg_extension where extname = 'pg_trgm') as made,
  exists (select from pg_available_extensions where name = 'pg_trgm') as there,
  (select rolsuper from pg_roles where rolname = current_user)
    or (has_database_privilege(current_database(), 'CREATE')
        and exists (select from pg_available_extension_versions where name = 'pg_trgm' and trusted)) as may,
  current_schema() as schema, coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) as tables
"""  # 'trusted' is known to PostgreSQL 13 and later; an older one is refused before


def version(package: str) -> str | None:
    """Return the version of a Python package, if it is there."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def context() -> ssl.SSLContext:
    """Return what Prefect makes of its TLS settings (server/database/configurations.py)."""
    made = ssl.create_default_context(cadata=os.environ.get("CA") or None)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.check_hostname = os.environ["CHECK_HOSTNAME"] == "true"
    return made


async def ask() -> dict:
    """Log in to the database with the driver that the server would use, and ask it what the server needs."""
    import asyncpg

    path = os.environ.get("SEARCH_PATH")
    connection = await asyncpg.connect(
        os.environ["URL"].replace("+asyncpg", "", 1),
        timeout=float(os.environ["TIMEOUT"]),
        command_timeout=float(os.environ["TIMEOUT"]),
        # As behind PgBouncer, which is right without it, too.
        statement_cache_size=0,
        **({"ssl": context()} if os.environ["TLS"] == "true" else {}),
        **({"server_settings": {"search_path": path}} if path else {}),
    )
    try:
        number = int(await connection.fetchval("show server_version_num"))
        if number < 130000:
            return {"number": number, "version": await connection.fetchval("show server_version")}
        return dict(await connection.fetchrow(QUERY))
    finally:
        await connection.close(timeout=5)


def database() -> dict | None:
    """Return what the database says, or why it says nothing."""
    if not os.environ.get("URL"):
        return None
    try:
        return asyncio.run(ask())
    except Exception as exc:  # noqa: BLE001 (whatever it is, it is the answer)
        return {"error": str(exc).strip().splitlines()[0] if str(exc).strip() else type(exc).__name__}


if __name__ == "__main__":
    answer = {"prefect": version("prefect"), "redis": version("prefect-redis"), "database": database()}
    sys.stdout.write(f"\n{json.dumps(answer)}\n")
