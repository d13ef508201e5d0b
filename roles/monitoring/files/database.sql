-- SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Size of a database and of its largest tables, with their indexes, as one JSON object. Numbers of rows are the planner's estimates.
select json_build_object(
  'version', current_setting('server_version'),
  'size', pg_database_size(current_database()),
  'connections', (select count(*) from pg_stat_activity where datname = current_database()),
  'max_connections', current_setting('max_connections')::int,
  'tables', (select coalesce(json_agg(largest), '[]') from (
    select relname as name, pg_total_relation_size(pg_class.oid) as size, greatest(reltuples, 0)::bigint as rows
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where relkind = 'r' and nspname not in ('pg_catalog', 'information_schema')
    order by 2 desc, 1 limit 10) largest))
