"""What the application's database role may do. `python -m config.migrate` applies it after every migration.

The owner's role migrates; the application's role reads and writes rows, and of append-only tables it can only insert.
Idempotent, and the same for the embedded PostgreSQL and for one of your own.
"""

from collections.abc import Iterable
from typing import Any

from psycopg2 import sql

# A worker that is killed in the middle of a long statement leaves a server process that goes on with it and holds its
# locks, so that nobody can take over. With this it looks every two seconds whether anybody still listens. Where the
# schema's owner does not own the database too, whoever does can set it (docs/operations.md).
NOTICE_THE_DEAD = """
    DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET client_connection_check_interval = %L', current_database(), '2s');
    EXCEPTION WHEN insufficient_privilege THEN NULL;
    END $$
"""


# Every trigger of pgtrigger first asks whether it is to be ignored. The package's own question catches an error where
# nothing was set, and a caught error makes PostgreSQL go through all checks that wait for the end of the transaction:
# 33,000 rows with three foreign keys in one statement took 47 s for that alone. The same question, without an error.
# The package writes its own with each trigger that it installs, so this follows the migrations.
ASK_WITHOUT_AN_ERROR = """
    CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name) RETURNS boolean AS $$
        SELECT coalesce(
            trigger_name = ANY(nullif(pg_catalog.current_setting('pgtrigger.ignore', true), '')::text[]), false
        )
    $$ LANGUAGE sql STABLE
"""


def ask_triggers_cheaply(cursor: Any) -> None:
    """As the schema's owner, once everything is migrated. Idempotent."""
    cursor.execute(ASK_WITHOUT_AN_ERROR)


def grant_application_role(
    cursor: Any, role: str, *, append_only: Iterable[str] = (), append_only_patterns: Iterable[str] = ()
) -> list[str]:
    """Grant to `role` on behalf of the schema's owner, who holds the cursor. Returns the append-only tables found.

    Partitions count as tables of their own for privileges, so they follow the table they are a part of.
    """
    name = sql.Identifier(role)
    for statement in (
        "GRANT USAGE ON SCHEMA public TO {}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {}",
    ):
        cursor.execute(sql.SQL(statement).format(name))
    cursor.execute(
        """
        WITH RECURSIVE protected AS (
            SELECT c.oid, c.relname FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
              AND (c.relname = ANY(%s) OR c.relname LIKE ANY(%s))
            UNION
            SELECT c.oid, c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            JOIN protected p ON p.oid = i.inhparent
        )
        SELECT relname FROM protected ORDER BY relname
        """,
        [list(append_only), list(append_only_patterns)],
    )
    protected = [row[0] for row in cursor.fetchall()]
    for table in protected:
        cursor.execute(
            sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON {} FROM {}").format(
                sql.Identifier("public", table), name
            )
        )
    cursor.execute(NOTICE_THE_DEAD)
    # The application has no business in the book of migrations but to read it.
    cursor.execute("SELECT to_regclass('public.django_migrations')")
    if cursor.fetchone()[0]:
        cursor.execute(
            sql.SQL("REVOKE INSERT, UPDATE, DELETE ON public.django_migrations FROM {}").format(name)
        )
    return protected
