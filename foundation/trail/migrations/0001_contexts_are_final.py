"""Who and why (pghistory_context) become as final as the events that refer to them.

pghistory writes a context with an upsert under the role of whoever changes a row, so that role needed to UPDATE every
context there is. The function keeps its name and what it does within one transaction, and now runs as its owner: the
application's role needs no right to UPDATE or DELETE any more (see APPEND_ONLY_TABLES). A context of an earlier
transaction is never changed: what a later transaction of the same request has to add (the person behind a token) gets a
row of its own, whose id follows from both.
"""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION _pgh_attach_context() RETURNS uuid AS $$
DECLARE
    _pgh_context_id UUID := nullif(current_setting('pghistory.context_id', true), '');
    _pgh_context_metadata JSONB := nullif(current_setting('pghistory.context_metadata', true), '');
BEGIN
    IF _pgh_context_id IS NULL OR _pgh_context_metadata IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM public.pghistory_context WHERE id = _pgh_context_id AND metadata = _pgh_context_metadata;
    IF FOUND THEN
        RETURN _pgh_context_id;
    END IF;
    INSERT INTO public.pghistory_context AS known (id, metadata, created_at, updated_at)
        VALUES (_pgh_context_id, _pgh_context_metadata, now(), now())
        ON CONFLICT (id) DO UPDATE SET metadata = EXCLUDED.metadata, updated_at = EXCLUDED.updated_at
        WHERE known.created_at = now();
    IF FOUND THEN
        RETURN _pgh_context_id;
    END IF;
    _pgh_context_id := md5(_pgh_context_id::text || _pgh_context_metadata::text)::uuid;
    INSERT INTO public.pghistory_context (id, metadata, created_at, updated_at)
        VALUES (_pgh_context_id, _pgh_context_metadata, now(), now())
        ON CONFLICT (id) DO NOTHING;
    RETURN _pgh_context_id;
END;
$$ LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp;
"""


def install(apps, schema_editor):
    schema_editor.execute(FUNCTION)


def install_the_packages_own(apps, schema_editor):
    from pghistory.models import Context

    Context.install_pgh_attach_context_func(using=schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("pghistory", "0007_auto_20250421_0444")]

    operations = [migrations.RunPython(install, install_the_packages_own)]
