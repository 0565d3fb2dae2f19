"""The table of day totals: by month of `day`, and each month by hash of the subject.

No primary key and no foreign key: a load of a million rows would pay for every one of them. What drill-down needs is
one index by subject, measure and day; the block-range index finds a batch's rows, which lie together, at no cost.
"""

from django.db import migrations

TABLE = """
CREATE TABLE metrics_observation (
    subject_type varchar(1) NOT NULL CHECK (subject_type IN ('e', 't', 's', 'c')),
    subject_id bigint NOT NULL,
    measure_id bigint NOT NULL,
    day date NOT NULL,
    source_id bigint NOT NULL,
    batch_id bigint NOT NULL,
    n bigint NOT NULL,
    total double precision NOT NULL,
    total_sq double precision NOT NULL
) PARTITION BY RANGE (day);
CREATE INDEX metrics_observation_of_subject ON metrics_observation (subject_id, measure_id, day);
CREATE INDEX metrics_observation_of_batch ON metrics_observation USING brin (batch_id);
"""

# The application's role may insert rows but owns no table, so it makes months through this function, which acts for
# the schema's owner. Its search path is pinned, as that of every such function must be. A month is built aside and then
# attached: that does not stop readers, as creating it in place would.
FUNCTION = """
CREATE FUNCTION metrics_ensure_months(first date, last date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    month date := date_trunc('month', first)::date;
    name text;
    made integer := 0;
BEGIN
    IF first IS NULL OR last IS NULL OR first > last THEN
        RAISE EXCEPTION 'metrics_ensure_months: % is not before %', first, last;
    END IF;
    IF first < DATE '1970-01-01' OR last > DATE '2199-12-31' OR last - first > 3700 THEN
        RAISE EXCEPTION 'metrics_ensure_months: % to % is not a span that anyone measures', first, last;
    END IF;
    WHILE month <= last LOOP
        name := 'metrics_observation_' || to_char(month, 'YYYYMM');
        IF to_regclass('public.' || name) IS NULL THEN
            -- Two loads of one new month: the second waits and then finds it made.
            PERFORM pg_advisory_xact_lock(hashtextextended('metrics_ensure_months', 0));
            IF to_regclass('public.' || name) IS NULL THEN
                EXECUTE format(
                    'CREATE TABLE public.%I (LIKE public.metrics_observation INCLUDING CONSTRAINTS) '
                    'PARTITION BY HASH (subject_id)', name);
                FOR part IN 0..7 LOOP
                    EXECUTE format(
                        'CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES WITH (MODULUS 8, REMAINDER %s)',
                        name || '_h' || part, name, part);
                END LOOP;
                EXECUTE format(
                    'ALTER TABLE public.metrics_observation ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                    name, month, (month + interval '1 month')::date);
                made := made + 1;
            END IF;
        END IF;
        month := (month + interval '1 month')::date;
    END LOOP;
    RETURN made;
END
$$;
COMMENT ON FUNCTION metrics_ensure_months(date, date) IS
    'Creates the missing monthly partitions of metrics_observation from the month of first to that of last.';
"""


class Migration(migrations.Migration):
    dependencies = [("metrics", "0003_batch_measures_and_frozen_versions")]

    operations = [
        migrations.RunSQL(TABLE, "DROP TABLE metrics_observation"),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION metrics_ensure_months(date, date)"),
    ]
