#!/bin/sh
# Runs once, when PostgreSQL's volume is empty: the two roles of docs/operations.md and the database.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  -v owner_password="$OWNER_PASSWORD" -v application_password="$APPLICATION_PASSWORD" <<'SQL'
CREATE ROLE laurel_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE laurel_app LOGIN PASSWORD :'application_password';
CREATE DATABASE laurel OWNER laurel_owner;
REVOKE CONNECT, TEMPORARY ON DATABASE laurel FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE laurel TO laurel_app;
SQL
