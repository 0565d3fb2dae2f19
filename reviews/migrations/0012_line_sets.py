"""The lines of one component score become one row of arrays; what was the table is a view over them, read as before."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

FORWARDS = """
    INSERT INTO reviews_scorelineset (
        run_id, employee_id, component,
        subjects, "values", targets, weights, attainments, points, samples, standard_errors, rules
    )
    SELECT
        run_id, employee_id, component,
        array_agg(subject ORDER BY number),
        array_agg(value ORDER BY number),
        array_agg(target ORDER BY number),
        array_agg(weight ORDER BY number),
        array_agg(attainment ORDER BY number),
        array_agg(points ORDER BY number),
        array_agg(n ORDER BY number),
        array_agg(standard_error ORDER BY number),
        array_agg(rule ORDER BY number)
    FROM reviews_scoreline
    GROUP BY run_id, employee_id, component;
    DROP TABLE reviews_scoreline;
    CREATE VIEW reviews_scoreline AS
        SELECT
            kept.run_id, kept.employee_id, kept.component, line.number::smallint AS number, line.subject, line.value,
            line.target, line.weight, line.attainment, line.points, line.n, line.standard_error, line.rule
        FROM reviews_scorelineset AS kept
        CROSS JOIN LATERAL unnest(
            kept.subjects, kept."values", kept.targets, kept.weights, kept.attainments, kept.points, kept.samples, kept.standard_errors, kept.rules
        ) WITH ORDINALITY AS line(
            subject, value, target, weight, attainment, points, n, standard_error, rule, number
        );
"""
BACKWARDS = """
    ALTER VIEW reviews_scoreline RENAME TO reviews_scoreline_seen;
    CREATE TABLE reviews_scoreline (
        run_id uuid NOT NULL,
        employee_id bigint NOT NULL,
        component varchar(60) NOT NULL,
        number smallint NOT NULL CHECK (number >= 0),
        subject varchar(60) NOT NULL,
        value double precision,
        target double precision,
        weight double precision NOT NULL,
        attainment double precision,
        points double precision,
        n bigint NOT NULL,
        standard_error double precision,
        rule varchar(40) NOT NULL,
        PRIMARY KEY (run_id, employee_id, component, number)
    );
    INSERT INTO reviews_scoreline (
        run_id, employee_id, component, number, subject, value, target, weight, attainment, points, n, standard_error, rule
    )
    SELECT run_id, employee_id, component, number, subject, value, target, weight, attainment, points, n, standard_error, rule
    FROM reviews_scoreline_seen;
    DROP VIEW reviews_scoreline_seen;
    DELETE FROM reviews_scorelineset;
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0011_ranks"), ("runs", "0002_run_woken_at")]

    operations = [
        migrations.CreateModel(
            name="ScoreLineSet",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "run_id",
                        "employee_id",
                        "component",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("employee_id", models.BigIntegerField()),
                ("component", models.CharField(max_length=60)),
                (
                    "subjects",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None),
                ),
                (
                    "values",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(null=True), size=None
                    ),
                ),
                (
                    "targets",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(null=True), size=None
                    ),
                ),
                (
                    "weights",
                    django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), size=None),
                ),
                (
                    "attainments",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(null=True), size=None
                    ),
                ),
                (
                    "points",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(null=True), size=None
                    ),
                ),
                (
                    "samples",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                ),
                (
                    "standard_errors",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(null=True), size=None
                    ),
                ),
                (
                    "rules",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None),
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
                migrations.AlterModelOptions("scoreline", {"managed": False}),
                migrations.AlterModelTable("scoreline", "reviews_scoreline"),
                migrations.AlterField(
                    "scoreline",
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="runs.run",
                    ),
                ),
            ],
        ),
    ]
