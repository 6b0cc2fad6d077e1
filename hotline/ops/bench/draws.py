"""Every ticket of the city's year before it is written: when it came, which life it is a copy of,
where it belongs and what it is about. The shares are uneven, as they are in a city."""

from __future__ import annotations

import datetime as dt
from typing import Any

from evaluation.periods import assessment_month, previous
from hotline.core.working_time import BUSINESS_ZONE
from hotline.ops.bench import patterns
from intake.models import Ticket
from intake.numbering import _DAMM, DAY_DIGITS, SEQUENCE_DIGITS

MONTHS = 12
# Matters are drawn from so many that about one dispatched ticket in twelve of a full month repeats
# its requester's: what a matter is decides its unit, class and place.
_MATTERS_PER_TICKET = 2.3
# What there is to draw from, in an order that is nobody's: the first are drawn most often.
_CHOICES = """
CREATE TEMP TABLE bench_place ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY md5(s.code)) AS nth, a.id AS area_id, s.id AS unit_id,
       a.parent_id AS district_id, d.id AS district_unit_id
FROM core_unit s JOIN core_area a ON a.id = s.area_id
JOIN core_unit d ON d.area_id = a.parent_id AND d.kind = 'district'
WHERE s.kind = 'street';
CREATE TEMP TABLE bench_life ON COMMIT DROP AS
SELECT id, row_number() OVER (ORDER BY accepted_at, id) AS nth, accepted_at AS origin,
       dispatched_at IS NOT NULL AS is_dispatched
FROM intake_ticket;
CREATE TEMP TABLE bench_order ON COMMIT DROP AS
SELECT id, row_number() OVER (PARTITION BY ticket_id ORDER BY id) AS nth FROM dispatch_assignment;
"""
# When: in the running month up to now, and in the months before, fewer the longer ago; six of
# seven by day.
_TIMES = """
CREATE TEMP TABLE bench_time ON COMMIT DROP AS
WITH drawn AS (
    SELECT CASE WHEN i <= %(month)s
        THEN %(begins)s::timestamptz + (%(now)s::timestamptz - %(begins)s) * random()
        ELSE %(first)s::timestamptz + (%(begins)s::timestamptz - %(first)s) * power(random(), 0.8)
    END AS at, random() < 0.85 AS is_by_day, random() AS hour
    FROM generate_series(1, %(tickets)s) AS i
), by_day AS (
    SELECT at, is_by_day, (date_trunc('day', at AT TIME ZONE %(zone)s)
        + interval '8 hours' + hour * interval '13 hours') AT TIME ZONE %(zone)s AS day_at
    FROM drawn
), settled AS (
    SELECT CASE WHEN is_by_day AND day_at < %(now)s THEN day_at ELSE at END AS at FROM by_day
)
SELECT row_number() OVER (ORDER BY at) AS n, at,
    floor(random() * %(matters)s)::bigint AS matter, random() AS luck, random() AS turn
FROM settled
"""
# Which life: in the last weeks the next younger one, so that nothing of it lies in the future; of
# older tickets one of those that have ended, two of five with an order. How fast: what another
# level promises. Who and where: by the matter, `u(matter, k)` being the k-th number that it stands
# for, from 0 to 1.
_DRAWS = """
CREATE TEMP TABLE bench_draw ON COMMIT DROP AS
WITH lives AS (
    SELECT array_agg(id ORDER BY nth) AS ids, count(*) AS count FROM bench_life
), ended AS (
    SELECT array_agg(l.id) FILTER (WHERE l.is_dispatched) AS dispatched,
           array_agg(l.id) FILTER (WHERE NOT l.is_dispatched) AS answered
    FROM bench_life l JOIN intake_ticket t USING (id)
    WHERE t.state = 'closed' AND l.origin < %(now)s::timestamptz - interval '20 days'
), classes AS (
    SELECT array_agg(id ORDER BY md5(code)) AS ids FROM knowledge_category WHERE depth = 3
), ways AS (
    SELECT array_agg(id ORDER BY code <> 'phone', md5(code)) AS ids FROM core_channel
), led AS (
    SELECT array_agg(id ORDER BY md5(code)) FILTER (WHERE kind = 'city_department') AS departments,
           array_agg(id ORDER BY md5(code)) FILTER (WHERE kind = 'enterprise') AS enterprises
    FROM core_unit
), lived AS (
    SELECT t.*, CASE
        WHEN t.at > %(now)s::timestamptz - %(days)s * interval '1 day' THEN lives.ids[least(
            lives.count, ceil(0.5 + lives.count * (1 -
                extract(epoch FROM %(now)s - t.at) / 86400.0 / %(days)s))::int)]
        WHEN t.luck < 0.4
        THEN ended.dispatched[1 + floor(t.turn * array_length(ended.dispatched, 1))::int]
        ELSE ended.answered[1 + floor(t.turn * array_length(ended.answered, 1))::int]
    END AS life_id
    FROM bench_time t, lives, ended
)
SELECT t.n + %(base)s AS ticket_id, %(number)s AS number, t.at, l.id AS life_id, l.origin,
    l.is_dispatched, level.name AS level, level.pace::float8 AS pace, t.matter AS requester_id,
    p.area_id, p.district_id, p.district_unit_id,
    CASE WHEN NOT l.is_dispatched THEN NULL
        WHEN pg_temp.u(t.matter, 3) < 0.62 THEN p.unit_id
        WHEN pg_temp.u(t.matter, 3) < 0.90 THEN led.departments[
            1 + floor(power(pg_temp.u(t.matter, 4), 1.6) * array_length(led.departments, 1))::int]
        WHEN pg_temp.u(t.matter, 3) < 0.97 THEN led.enterprises[
            1 + floor(pg_temp.u(t.matter, 4) * array_length(led.enterprises, 1))::int]
        ELSE p.district_unit_id END AS unit_id,
    classes.ids[1 + floor(power(pg_temp.u(t.matter, 5), 2.2) * array_length(classes.ids, 1))::int]
        AS category_id,
    ways.ids[1 + floor(power(pg_temp.u(t.matter, 6), 4) * array_length(ways.ids, 1))::int]
        AS channel_id,
    CASE WHEN l.is_dispatched THEN (ARRAY['help', 'help', 'help', 'help', 'help', 'help',
            'complaint', 'complaint', 'report', 'suggestion'])[
            1 + floor(pg_temp.u(t.matter, 7) * 10)::int]
        ELSE (ARRAY['consult', 'consult', 'consult', 'consult', 'consult', 'consult', 'consult',
            'help', 'suggestion', 'praise'])[1 + floor(pg_temp.u(t.matter, 7) * 10)::int]
    END AS request_type,
    pg_temp.u(t.n, 8) AS luck, pg_temp.u(t.n, 9) AS mood
FROM lived t
JOIN bench_life l ON l.id = t.life_id
CROSS JOIN (SELECT count(*) AS count FROM bench_place) AS places
JOIN bench_place p
    ON p.nth = 1 + floor(power(pg_temp.u(t.matter, 2), 1.6) * places.count)::int
CROSS JOIN led CROSS JOIN classes CROSS JOIN ways
CROSS JOIN LATERAL (SELECT * FROM (VALUES ('L1', 2 / 168.0, 0.002), ('L2', 1 / 7.0, 0.04),
    ('L4', 1, 0.08), ('L3', 1, 1)) AS v(name, pace, below)
    WHERE pg_temp.u(t.n, 10) < below ORDER BY below LIMIT 1) AS level
"""
_RANDOM = """
CREATE OR REPLACE FUNCTION pg_temp.u(what bigint, k bigint) RETURNS double precision
IMMUTABLE LANGUAGE sql AS 'SELECT (hashint8extended(what, k) & 2147483647) / 2147483648.0'
"""


def make(cursor: Any, tickets: int, of_month: int, now: dt.datetime) -> None:
    """The table `bench_draw`: a row for each of `tickets`, so many of them in the running month
    that it has `of_month` with the lives that are there."""
    first = month = assessment_month(now)
    for _month in range(MONTHS - 1):
        first = previous(first)
    cursor.execute("SELECT max(id) FROM intake_ticket")
    base = cursor.fetchone()[0]
    cursor.execute("SELECT last_value FROM intake_ticket_number")
    sequence = cursor.fetchone()[0]
    # The newest life is a little old: none of its copies is younger.
    newest = Ticket.objects.using("owner").order_by("-accepted_at")[0].accepted_at
    made = Ticket.objects.using("owner").filter(accepted_at__gte=month.start).count()
    cursor.execute(_RANDOM)
    cursor.execute(_CHOICES)
    cursor.execute(
        _TIMES,
        {
            "tickets": tickets,
            "month": of_month - made,
            "first": first.start,
            "begins": month.start,
            "now": newest,
            "zone": BUSINESS_ZONE.key,
            "matters": int(of_month * _MATTERS_PER_TICKET),
        },
    )
    cursor.execute("ANALYZE")
    cursor.execute(
        _DRAWS.replace("%(number)s", _number_of(sequence)),
        {"now": now, "days": patterns.DAYS, "base": base},
    )
    cursor.execute("SELECT setval('intake_ticket_number', %s)", [sequence + tickets])


def _number_of(sequence: int) -> str:
    """A ticket's number with its check digit, in SQL."""
    day = f"to_char(t.at AT TIME ZONE '{BUSINESS_ZONE.key}', 'YYYYMMDD')"
    digits = f"({day} || lpad((t.n + {sequence})::text, {SEQUENCE_DIGITS}, '0'))"
    interim = "0"
    for place in range(1, DAY_DIGITS + SEQUENCE_DIGITS + 1):
        step = f"substr(made.digits, {place}, 1)::int"
        interim = f"substr('{''.join(_DAMM)}', 10 * ({interim})::int + {step} + 1, 1)"
    return f"(SELECT made.digits || {interim} FROM (SELECT {digits}) AS made(digits))"
