from django.db import migrations, models


# The instant by which a row fell into its month was its acceptance, and an answer set aside was the
# first, until schemes chose otherwise. Rows of closed months stay what they say; the owner alone can
# write the new columns beside them.
CARRY_OVER = "".join(
    f"""
ALTER TABLE evaluation_{table} DISABLE TRIGGER USER;
UPDATE evaluation_{table} SET attributed_at = accepted_at, first_set_aside = is_set_aside,
    last_set_aside = is_set_aside;
ALTER TABLE evaluation_{table} ENABLE TRIGGER USER;
"""
    for table in ("outcome", "frozenoutcome")
) + """
ALTER TABLE evaluation_unitscore DISABLE TRIGGER USER;
UPDATE evaluation_unitscore SET code = u.code FROM core_unit u WHERE u.id = unit_id;
ALTER TABLE evaluation_unitscore ENABLE TRIGGER USER;
UPDATE evaluation_scheme SET edited_by = jsonb_build_array(drafted_by) WHERE adopted_at IS NULL;
"""

# Who adds a row waits for a close under way (289043075909 is the lock of `evaluation.month_lock`)
# and looks with eyes opened after it: an older snapshot would not know of the close. The search
# path is fixed, so that nobody's temporary table stands in for the real one.
FREEZE = """
CREATE OR REPLACE FUNCTION evaluation_refuse_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are frozen', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE OR REPLACE FUNCTION evaluation_refuse_late_rows() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'rows of a month are written in READ COMMITTED' USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM pg_advisory_xact_lock_shared(289043075909);
    IF EXISTS (SELECT 1 FROM public.evaluation_monthclose WHERE month IN (SELECT month FROM fresh)) THEN
        RAISE EXCEPTION 'the month is closed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION evaluation_refuse_if_decided() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF OLD.outcome <> '' THEN
        RAISE EXCEPTION 'what was decided stays' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE OR REPLACE FUNCTION evaluation_refuse_if_adopted() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF OLD.adopted_at IS NOT NULL THEN
        RAISE EXCEPTION 'an adopted scheme stays' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('evaluation', '0002_outcomes_schemes_months'),
    ]

    operations = [
        migrations.AddField(
            model_name='outcome', name='attributed_at', preserve_default=False,
            field=models.DateTimeField(default='1970-01-01T00:00:00Z', help_text='the instant that puts it into its month'),
        ),
        migrations.AddField(
            model_name='outcome', name='solved_round',
            field=models.PositiveSmallIntegerField(help_text='the round of handling whose call-back first found it solved: 1, 2, …', null=True),
        ),
        migrations.AddField(model_name='outcome', name='first_set_aside', field=models.BooleanField(default=False)),
        migrations.AddField(model_name='outcome', name='last_set_aside', field=models.BooleanField(default=False)),
        migrations.AddField(
            model_name='frozenoutcome', name='attributed_at', preserve_default=False,
            field=models.DateTimeField(default='1970-01-01T00:00:00Z', help_text='the instant that puts it into its month'),
        ),
        migrations.AddField(
            model_name='frozenoutcome', name='solved_round',
            field=models.PositiveSmallIntegerField(help_text='the round of handling whose call-back first found it solved: 1, 2, …', null=True),
        ),
        migrations.AddField(model_name='frozenoutcome', name='first_set_aside', field=models.BooleanField(default=False)),
        migrations.AddField(model_name='frozenoutcome', name='last_set_aside', field=models.BooleanField(default=False)),
        migrations.AddField(
            model_name='unitscore', name='code', preserve_default=False,
            field=models.CharField(default='', max_length=32),
        ),
        migrations.AddField(
            model_name='monthclose', name='scoring_version', preserve_default=False,
            field=models.PositiveSmallIntegerField(default=0, help_text='of the code that scored it: `evaluation.scoring.VERSION`'),
        ),
        migrations.AddField(
            model_name='scheme', name='edited_by',
            field=models.JSONField(default=list, help_text='everybody who ever wrote its rules'),
        ),
        migrations.AddField(
            model_name='consultation', name='fingerprint', preserve_default=False,
            field=models.CharField(default='', help_text='of the rules that were put to them', max_length=64),
        ),
        migrations.RunSQL(CARRY_OVER, migrations.RunSQL.noop),
        migrations.RemoveField(model_name='outcome', name='is_set_aside'),
        migrations.RemoveField(model_name='frozenoutcome', name='is_set_aside'),
        migrations.RunSQL(FREEZE, migrations.RunSQL.noop),
    ]
