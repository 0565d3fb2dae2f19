"""KPI values of one person and run become one row of arrays; what was the table is a view over them, read as before."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from foundation import grouped_migration

FORWARDS = """
    INSERT INTO metrics_kpivalueset (
        run_id, employee_id, kpi_versions, "values", standard_errors, samples, input_ends, input_names, inputs
    )
    SELECT
        run_id, employee_id,
        array_agg(kpi_version_id ORDER BY kpi_version_id),
        array_agg(value ORDER BY kpi_version_id),
        array_agg(standard_error ORDER BY kpi_version_id),
        array_agg(n ORDER BY kpi_version_id),
        array_agg(input_end ORDER BY kpi_version_id),
        coalesce((
            SELECT array_agg(key ORDER BY single.kpi_version_id, key)
            FROM metrics_kpivalue AS single, jsonb_object_keys(single.inputs) AS key
            WHERE single.run_id = counted.run_id AND single.employee_id = counted.employee_id
        ), '{}'),
        coalesce((
            SELECT array_agg(each.value::text::float8 ORDER BY single.kpi_version_id, each.key)
            FROM metrics_kpivalue AS single, jsonb_each(nullif(single.inputs, 'null')) AS each
            WHERE single.run_id = counted.run_id AND single.employee_id = counted.employee_id
        ), '{}')
    FROM (
        SELECT
            *,
            sum((SELECT count(*) FROM jsonb_object_keys(inputs)))
                OVER (PARTITION BY run_id, employee_id ORDER BY kpi_version_id)::smallint AS input_end
        FROM metrics_kpivalue
    ) AS counted
    GROUP BY run_id, employee_id;
    DROP TABLE metrics_kpivalue;
    CREATE VIEW metrics_kpivalue AS
        SELECT
            kept.run_id, kept.employee_id, single.kpi_version_id, single.value, single.standard_error, single.n,
            kept.input_names[
                coalesce(kept.input_ends[single.number::int - 1], 0) + 1 : single.input_end
            ] AS input_names,
            kept.inputs[coalesce(kept.input_ends[single.number::int - 1], 0) + 1 : single.input_end] AS totals
        FROM metrics_kpivalueset AS kept
        CROSS JOIN LATERAL unnest(
            kept.kpi_versions, kept."values", kept.standard_errors, kept.samples, kept.input_ends
        ) WITH ORDINALITY AS single(kpi_version_id, value, standard_error, n, input_end, number);
"""
BACKWARDS = """
    ALTER VIEW metrics_kpivalue RENAME TO metrics_kpivalue_seen;
    CREATE TABLE metrics_kpivalue (
        run_id uuid NOT NULL,
        employee_id bigint NOT NULL,
        kpi_version_id bigint NOT NULL,
        value double precision,
        standard_error double precision,
        n bigint NOT NULL,
        inputs jsonb NOT NULL,
        PRIMARY KEY (run_id, employee_id, kpi_version_id)
    );
    INSERT INTO metrics_kpivalue (run_id, employee_id, kpi_version_id, value, standard_error, n, inputs)
    SELECT
        run_id, employee_id, kpi_version_id, value, standard_error, n,
        coalesce(
            (SELECT jsonb_object_agg(name, total) FROM unnest(input_names, totals) AS each(name, total)), '{}'
        )
    FROM metrics_kpivalue_seen;
    DROP VIEW metrics_kpivalue_seen;
    DELETE FROM metrics_kpivalueset;
"""


class Migration(grouped_migration.Migration):
    dependencies = [("metrics", "0008_inspections"), ("runs", "0002_run_woken_at")]

    operations = [
        migrations.CreateModel(
            name="KPIValueSet",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "run_id", "employee_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("employee_id", models.BigIntegerField()),
                (
                    "kpi_versions",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                ),
                (
                    "values",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(null=True), size=None
                    ),
                ),
                (
                    "standard_errors",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(null=True), size=None
                    ),
                ),
                (
                    "samples",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                ),
                (
                    "input_ends",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(), size=None
                    ),
                ),
                (
                    "input_names",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None),
                ),
                (
                    "inputs",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(null=True), size=None
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="runs.run",
                    ),
                ),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARDS, BACKWARDS)],
            state_operations=[
                migrations.DeleteModel("KPIValue"),
                migrations.CreateModel(
                    name="KPIValue",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "run_id",
                                "employee_id",
                                "kpi_version_id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("employee_id", models.BigIntegerField()),
                        ("value", models.FloatField(null=True)),
                        ("standard_error", models.FloatField(null=True)),
                        ("n", models.BigIntegerField(default=0)),
                        (
                            "input_names",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.TextField(), size=None
                            ),
                        ),
                        (
                            "totals",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.FloatField(null=True), size=None
                            ),
                        ),
                        (
                            "run",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="runs.run",
                            ),
                        ),
                        (
                            "kpi_version",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="metrics.kpiversion",
                            ),
                        ),
                    ],
                    options={"db_table": "metrics_kpivalue", "managed": False},
                ),
            ],
        ),
    ]
