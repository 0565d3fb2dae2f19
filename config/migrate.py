"""python -m config.migrate: bring the database up to date as its owner, then grant the application its rights.

The owner is MIGRATION_DATABASE_URL, the application DATABASE_URL. With one address for both there is one role, which
then can change the trail and the ledger: for development only.
"""

import os
import sys
from urllib.parse import unquote, urlsplit


def main() -> int:
    application_url = os.environ.get("DATABASE_URL", "")
    owner_url = os.environ.get("MIGRATION_DATABASE_URL") or application_url
    if not owner_url:
        print("config.migrate: set DATABASE_URL (and MIGRATION_DATABASE_URL)", file=sys.stderr)
        return 2
    os.environ["DATABASE_URL"] = owner_url
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.demo")

    import django
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection, transaction

    from config.grants import ask_triggers_cheaply, grant_application_role

    django.setup()
    call_command("migrate", interactive=False, verbosity=1)
    with connection.cursor() as cursor:
        ask_triggers_cheaply(cursor.cursor)
    application = unquote(urlsplit(application_url).username or "")
    owner = unquote(urlsplit(owner_url).username or "")
    if application in ("", owner):
        print("One database role for everything: the trail and the ledger are not protected by grants.")
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        protected = grant_application_role(
            cursor.cursor,
            application,
            append_only=settings.APPEND_ONLY_TABLES,
            append_only_patterns=settings.APPEND_ONLY_TABLE_PATTERNS,
        )
    print(f"Granted {application} its rights; append-only for it: {len(protected)} tables.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
