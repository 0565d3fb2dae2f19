"""The two database roles and the database, made by a superuser. docs/operations.md does it for a server of yours."""

from typing import Any

import psycopg2
from psycopg2 import sql

OWNER_ROLE = "laurel_owner"
APPLICATION_ROLE = "laurel_app"
DATABASE = "laurel"


def ensure_roles(
    *,
    host: str,
    port: int,
    superuser: str,
    password: str,
    owner_password: str,
    application_password: str,
    owner_creates_databases: bool,
) -> None:
    """Idempotent, and run at every start, so that a start killed half-way is completed by the next one."""
    connection = psycopg2.connect(
        host=host, port=port, user=superuser, password=password, dbname="postgres", connect_timeout=10
    )
    connection.autocommit = True  # CREATE DATABASE runs in no transaction
    try:
        with connection.cursor() as cursor:
            _role(cursor, OWNER_ROLE, owner_password, creates_databases=owner_creates_databases)
            _role(cursor, APPLICATION_ROLE, application_password, creates_databases=False)
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if cursor.fetchone() is None:
                cursor.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(
                        sql.Identifier(DATABASE), sql.Identifier(OWNER_ROLE)
                    )
                )
                cursor.execute(
                    sql.SQL("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC").format(
                        sql.Identifier(DATABASE)
                    )
                )
                cursor.execute(
                    sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(
                        sql.Identifier(DATABASE), sql.Identifier(APPLICATION_ROLE)
                    )
                )
    finally:
        connection.close()


def _role(cursor: Any, name: str, password: str, *, creates_databases: bool) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
    verb = "ALTER" if cursor.fetchone() else "CREATE"
    cursor.execute(
        sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEROLE {} PASSWORD {}").format(
            sql.SQL(verb),
            sql.Identifier(name),
            sql.SQL("CREATEDB" if creates_databases else "NOCREATEDB"),
            sql.Literal(password),
        )
    )
