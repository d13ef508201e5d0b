#!/bin/sh
# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Initialises an empty data directory, then becomes the command.
#   POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE  required for an empty directory
#   POSTGRES_USER (postgres), POSTGRES_DB (= the user), POSTGRES_INITDB_ARGS
set -eu

if [ "${1:-postgres}" != postgres ] && [ "${1#-}" = "$1" ]; then
    exec "$@"
fi
[ "${1:-postgres}" = postgres ] && shift $(( $# > 0 ? 1 : 0 ))

if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA" /var/run/postgresql
    chown postgres:postgres "$PGDATA" /var/run/postgresql
    chmod 0700 "$PGDATA"
    exec setpriv --reuid=postgres --regid=postgres --clear-groups --inh-caps=-all -- "$0" postgres "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then
        POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
    fi
    if [ -z "${POSTGRES_PASSWORD:-}" ]; then
        echo "entrypoint: $PGDATA is empty and neither POSTGRES_PASSWORD nor POSTGRES_PASSWORD_FILE is set" >&2
        exit 1
    fi
    user=${POSTGRES_USER:-postgres}
    database=${POSTGRES_DB:-$user}
    pwfile=$(mktemp)
    trap 'rm -f "$pwfile"' EXIT
    printf '%s\n' "$POSTGRES_PASSWORD" > "$pwfile"
    # A directory left half-made by a killed first start is not adopted.
    # shellcheck disable=SC2086  # POSTGRES_INITDB_ARGS is a list of words
    initdb --username="$user" --pwfile="$pwfile" --auth-host=scram-sha-256 --auth-local=trust \
        --encoding=UTF8 ${POSTGRES_INITDB_ARGS:-} > /dev/null
    rm -f "$pwfile"
    trap - EXIT
    echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
    if [ "$database" != postgres ]; then
        # Single-user mode: no server has to be started and stopped for it.
        printf 'CREATE DATABASE "%s";\n' "$database" | postgres --single -j postgres > /dev/null
    fi
fi
unset POSTGRES_PASSWORD

exec postgres -c listen_addresses='*' "$@"
