import django.contrib.postgres.fields
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from foundation import grouped_migration


class Migration(grouped_migration.Migration):
    dependencies = [
        ("metrics", "0002_initial"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="batch",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="batch",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="kpiversion",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="kpiversion",
            name="update_update",
        ),
        migrations.RemoveIndex(
            model_name="record",
            name="records_by_external_id",
        ),
        migrations.RemoveField(
            model_name="kpiversion",
            name="collection_method",
        ),
        migrations.RemoveField(
            model_name="kpiversion",
            name="source_note",
        ),
        migrations.RemoveField(
            model_name="kpiversionevent",
            name="collection_method",
        ),
        migrations.RemoveField(
            model_name="kpiversionevent",
            name="source_note",
        ),
        migrations.AddField(
            model_name="batch",
            name="measure_ids",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(),
                default=list,
                help_text="the measures it gave, so that nobody has to look for them",
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="batchevent",
            name="measure_ids",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(),
                default=list,
                help_text="the measures it gave, so that nobody has to look for them",
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="kpiversion",
            name="collection_method_en",
            field=models.CharField(blank=True, max_length=200, verbose_name="Collection method (English)"),
        ),
        migrations.AddField(
            model_name="kpiversion",
            name="collection_method_zh",
            field=models.CharField(blank=True, max_length=200, verbose_name="Collection method (Chinese)"),
        ),
        migrations.AddField(
            model_name="kpiversion",
            name="frozen_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="when a launched cycle first relied on it: no change from then on",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="kpiversion",
            name="source_note_en",
            field=models.CharField(blank=True, max_length=200, verbose_name="Source (English)"),
        ),
        migrations.AddField(
            model_name="kpiversion",
            name="source_note_zh",
            field=models.CharField(blank=True, max_length=200, verbose_name="Source (Chinese)"),
        ),
        migrations.AddField(
            model_name="kpiversionevent",
            name="collection_method_en",
            field=models.CharField(blank=True, max_length=200, verbose_name="Collection method (English)"),
        ),
        migrations.AddField(
            model_name="kpiversionevent",
            name="collection_method_zh",
            field=models.CharField(blank=True, max_length=200, verbose_name="Collection method (Chinese)"),
        ),
        migrations.AddField(
            model_name="kpiversionevent",
            name="frozen_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="when a launched cycle first relied on it: no change from then on",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="kpiversionevent",
            name="source_note_en",
            field=models.CharField(blank=True, max_length=200, verbose_name="Source (English)"),
        ),
        migrations.AddField(
            model_name="kpiversionevent",
            name="source_note_zh",
            field=models.CharField(blank=True, max_length=200, verbose_name="Source (Chinese)"),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="batch",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "metrics_batchevent" ("content_digest", "created_at", "created_by_id", "first_day", "id", "import_record_id", "last_day", "measure_ids", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "replaced_by_id", "rows", "source_id", "state") VALUES (NEW."content_digest", NEW."created_at", NEW."created_by_id", NEW."first_day", NEW."id", NEW."import_record_id", NEW."last_day", NEW."measure_ids", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."replaced_by_id", NEW."rows", NEW."source_id", NEW."state"); RETURN NULL;',
                    hash="9edd42d891fbb2ec07b8bf441c31d1447f526d1e",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_aa31f",
                    table="metrics_batch",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="batch",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "metrics_batchevent" ("content_digest", "created_at", "created_by_id", "first_day", "id", "import_record_id", "last_day", "measure_ids", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "replaced_by_id", "rows", "source_id", "state") VALUES (NEW."content_digest", NEW."created_at", NEW."created_by_id", NEW."first_day", NEW."id", NEW."import_record_id", NEW."last_day", NEW."measure_ids", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."replaced_by_id", NEW."rows", NEW."source_id", NEW."state"); RETURN NULL;',
                    hash="66410800c6f1626e71ff7b840cc38479d374f166",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_49e99",
                    table="metrics_batch",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="kpiversion",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "metrics_kpiversionevent" ("bands", "collection_method_en", "collection_method_zh", "created_at", "created_by_id", "decimals", "denominator_en", "denominator_zh", "direction", "formula", "frozen_at", "id", "kpi_id", "minimum_sample", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "sample_measure", "source_note_en", "source_note_zh", "stretch", "target", "unit", "valid_from") VALUES (NEW."bands", NEW."collection_method_en", NEW."collection_method_zh", NEW."created_at", NEW."created_by_id", NEW."decimals", NEW."denominator_en", NEW."denominator_zh", NEW."direction", NEW."formula", NEW."frozen_at", NEW."id", NEW."kpi_id", NEW."minimum_sample", NEW."number", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."sample_measure", NEW."source_note_en", NEW."source_note_zh", NEW."stretch", NEW."target", NEW."unit", NEW."valid_from"); RETURN NULL;',
                    hash="0d580d915ba1c1c1ab3b30f79ceb4fb392f445f9",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_545cc",
                    table="metrics_kpiversion",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="kpiversion",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "metrics_kpiversionevent" ("bands", "collection_method_en", "collection_method_zh", "created_at", "created_by_id", "decimals", "denominator_en", "denominator_zh", "direction", "formula", "frozen_at", "id", "kpi_id", "minimum_sample", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "sample_measure", "source_note_en", "source_note_zh", "stretch", "target", "unit", "valid_from") VALUES (NEW."bands", NEW."collection_method_en", NEW."collection_method_zh", NEW."created_at", NEW."created_by_id", NEW."decimals", NEW."denominator_en", NEW."denominator_zh", NEW."direction", NEW."formula", NEW."frozen_at", NEW."id", NEW."kpi_id", NEW."minimum_sample", NEW."number", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."sample_measure", NEW."source_note_en", NEW."source_note_zh", NEW."stretch", NEW."target", NEW."unit", NEW."valid_from"); RETURN NULL;',
                    hash="c90e9d431bc221c2d38e0516159adb3200e24ee0",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_e8fd9",
                    table="metrics_kpiversion",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="record",
            constraint=models.UniqueConstraint(
                fields=("source_id", "external_id"), name="one_record_per_external_id"
            ),
        ),
    ]
