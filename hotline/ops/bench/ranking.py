"""How long a month's ranking takes: a million outcomes of 440 units, counted, scored and ranked.

`python -m hotline.ops.bench.ranking 1000000`, started by `manage.py bench --ranking 1000000` inside
a throw-away site. The rows are made up by SQL, so they are like a month's in number and spread and
say nothing about anybody.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import django
from django.core.management import call_command
from django.db import connections

UNITS = 440
MONTH = "2026-01"
AIM_SECONDS = 5.0
_UNITS = """
INSERT INTO core_unit (code, name, name_en, kind, "group", line, is_round_the_clock, pinyin,
                       valid_from)
SELECT 'bench-' || n, '单位' || n, '', 'street', 'street_town', '', false, '', '2019-01-01'
FROM generate_series(1, %s) AS n
"""
_TICKETS = """
INSERT INTO intake_ticket (number, state, level, urgency, request_type, lead_unit_id, channel_id,
    is_anonymous, is_confidential, is_liaison, called_at, accepted_at, promised_at, closed_at,
    close_code, return_count, rehandle_count, reopen_count, onsite_count, version, event_seq)
SELECT 'B' || lpad(n::text, 15, '0'), 'closed', 'L3', 'ordinary', 'help',
       (SELECT min(id) FROM core_unit), (SELECT min(id) FROM core_channel), false, false, false,
       at, at, at + interval '7 days', at + interval '8 days', 'called_back', 0, 0, 0, 0, 1, 1
FROM generate_series(1, %s) AS n,
     LATERAL (SELECT timestamptz '2025-12-19 00:00+08' + (n %% 2592000) * interval '1 s') t(at)
"""
# Busy units have several times the mean. Matters are drawn from so many that about one row in
# twelve repeats its requester's: what a matter is decides its unit, class and place.
_MATTERS_PER_ROW = 5.75
_OUTCOMES = """
INSERT INTO evaluation_outcome (month, ticket_id, number, unit_id, role, request_type, level,
    category_id, area_id, requester_id, accepted_at, given_at, original_due_at, due_at, done_at,
    signed_in_time, contacted_in_time, is_on_time, is_on_time_original, citizen_on_time, is_due,
    answer_count, first_at, first_channel, first_contacted, first_resolved, first_satisfaction,
    last_at, last_channel, last_contacted, last_resolved, last_satisfaction, partner_count,
    is_left, return_count, improper_count, rehandle_count, reopen_count, reclassified_count,
    is_withdrawn, is_on_ledger, excluded, not_counted, first_set_aside, last_set_aside,
    attributed_at)
SELECT %(month)s, t.id, t.number, u.ids[1 + floor(power(m.spread, 1.6) * %(units)s)::int], 'lead',
    'help', 'L3', c.ids[1 + m.matter %% array_length(c.ids, 1)],
    a.ids[1 + m.matter %% array_length(a.ids, 1)], m.matter,
    t.accepted_at, t.accepted_at, t.promised_at, t.promised_at, t.closed_at,
    true, true, r.late > 0.03, r.late > 0.05, r.late > 0.03, r.due > 0.1,
    (r.said > 0.35)::int, CASE WHEN r.said > 0.35 THEN t.closed_at END,
    CASE WHEN r.said > 0.35 THEN 'phone' ELSE '' END,
    CASE WHEN r.said > 0.35 THEN r.met > 0.01 END, CASE WHEN r.said > 0.35 THEN r.solved > 0.2 END,
    CASE WHEN r.said > 0.35 THEN (ARRAY['satisfied', 'basically', 'average', 'dissatisfied'])
        [1 + floor(r.pleased * 4)::int] ELSE '' END,
    NULL, '', NULL, NULL, '', 0, false, 0, 0, 0, 0, 0, false, r.late < 0.01,
    CASE WHEN r.due < 0.01 THEN 'unreasonable' ELSE '' END, '', false, false, t.accepted_at
FROM intake_ticket t,
    (SELECT array_agg(id) AS ids FROM core_unit WHERE code LIKE 'bench-%%') u,
    (SELECT array_agg(id) AS ids FROM knowledge_category) c,
    (SELECT array_agg(id) AS ids FROM core_area) a,
    LATERAL (SELECT random() AS late, random() AS due, random() AS said, random() AS met,
                    random() AS solved, random() AS pleased,
                    floor(random() * %(matters)s)::int AS matter, t.id) r,
    LATERAL (SELECT r.matter, (hashint4(r.matter) & 2147483647) / 2147483648.0 AS spread) m
"""


def main(rows: int) -> int:
    """Build, measure, print; 1 when the aim is missed."""
    django.setup()
    from evaluation import counting, digests, months, scoring
    from evaluation.models import Outcome
    from evaluation.rules import DEFAULT_RULES as rules

    _build(rows)
    units = months.scored_units(rules)
    print(f"{Outcome.objects.count():,} 条考评事实，{len(units)} 个参评单位。", flush=True)
    counted = _timed("计数（SQL）", lambda: counting.tallies(_rows(Outcome), rules, units))
    ranked = _timed("计分排名", lambda: scoring.score(counted[0].values(), rules))
    digest = _timed("摘要（SQL，封账时）", lambda: digests.unit_digests(Outcome, MONTH))
    whole = counted[1] + ranked[1]
    mark = "✓" if whole < AIM_SECONDS else "✗ 未达"
    print(f"整个排名 {whole:.2f} 秒  {mark} < {AIM_SECONDS:g} 秒；摘要另计 {digest[1]:.2f} 秒。")
    first = [line for line in ranked[0] if line.rank][:1]
    return 0 if first and whole < AIM_SECONDS else 1


def _rows(model: Any) -> Any:
    return model.objects.filter(month=MONTH)


def _build(rows: int) -> None:
    call_command("migrate", database="owner", interactive=False, verbosity=0)
    call_command("grants")
    call_command("seed", "city", verbosity=0)
    with connections["owner"].cursor() as cursor:
        cursor.execute(_UNITS, [UNITS])
        cursor.execute(_TICKETS, [rows])
        figures: dict[str, str | int] = {
            "month": MONTH,
            "units": UNITS,
            "matters": int(rows * _MATTERS_PER_ROW),
        }
        cursor.execute(_OUTCOMES, figures)
        cursor.execute("VACUUM ANALYZE evaluation_outcome")
        cursor.execute("VACUUM ANALYZE intake_ticket")
    from hotline.core.reference import forget_all

    forget_all()
    with connections["default"].cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")


def _timed(name: str, work: Callable[[], Any]) -> tuple[Any, float]:
    """What the work gives and how many seconds it took, the better of two runs."""
    taken = []
    for _run in range(2):
        began = time.perf_counter()
        found = work()
        taken.append(time.perf_counter() - began)
    print(f"{name}：{' / '.join(f'{seconds:.2f}' for seconds in taken)} 秒", flush=True)
    return found, min(taken)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
