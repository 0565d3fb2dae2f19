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
