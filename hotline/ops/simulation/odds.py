"""How often what happens: every share in one place, with where it comes from."""

from __future__ import annotations

import random

from dispatch.models import Solved
from evaluation.models import (
    AppealGround,
    CallOutcome,
    ExclusionGround,
    ExclusionScope,
    PressureKind,
    Satisfaction,
)
from hotline.ops.simulation.balance import Balanced
from intake.models import CloseCode

# The three rates as measured on 3,927 tickets of one bureau in 2020, in percent.
RESPONSE, RESOLUTION, SATISFACTION = 99.9, 77.9, 87.1
TOLERANCE = 2.0
# Satisfied (or basically so) among the solved and the unsolved, same source.
SATISFIED_IF_SOLVED, SATISFIED_IF_UNSOLVED = 98.5, 46.0

ANSWERED_AT_ONCE = 80.6  # of consultations, published for 2021
LATE = 16.4  # of handled matters, a city's open data of five years
RETURNED = 3.1  # of dispatches, the same bureau of 2020

# Phone 90.7 %, the network 9.3 % (2020); the parts are inferred.
CHANNELS = {
    "phone": 88.0,
    "merged_line": 2.2,
    "enterprise_line": 0.5,
    "wechat": 3.0,
    "web": 2.4,
    "app": 2.0,
    "leaders_board": 0.6,
    "weibo": 0.3,
    "sms": 0.2,
    "mailbox": 0.2,
    "internet_supervision": 0.2,
    "transfer_110": 0.2,
    "grid": 0.2,
}


class Odds:
    """All draws of one simulation. Shares without a source are inferred."""

    def __init__(self, rng: random.Random) -> None:
        def balanced(**shares: float) -> Balanced[str]:
            return Balanced(shares, rng)

        def yes(percent: float) -> Balanced[bool]:
            return Balanced({True: percent, False: 100 - percent}, rng)

        self.channel = Balanced(CHANNELS, rng)
        self.emergency = yes(0.25)
        self.anonymous = yes(4)
        self.confidential = yes(30)  # of reports (举报)
        self.known_place = balanced(community=72, street=24, district=4)
        self.complex = yes(3)  # of ordinary matters, planned over fifteen days
        self.answered = yes(ANSWERED_AT_ONCE)
        self.fate = balanced(dispatched=95, informed=3, echoed=2)
        self.inform_code = Balanced(
            {
                CloseCode.LEGAL_CHANNEL: 35.0,
                CloseCode.IN_PROGRESS: 20.0,
                CloseCode.OTHER_CHANNEL: 20.0,
                CloseCode.DISSUADED: 5.0,
                CloseCode.OUTSIDE_AREA: 20.0,
            },
            rng,
        )
        # One draw a dispatch: sent to the wrong unit and returned, wrongly objected to, recalled.
        self.dispatch = balanced(right=95.6, returned=RETURNED, objected=0.9, recalled=0.4)
        self.withdrawn = yes(1.2)
        # One draw an order with days to spare: a part handed down or across, or time asked for.
        self.help = balanced(
            none=76, delegate=12, cooperate=7, ask_facts=1.5, ask_extension=3, ask_hold=0.5
        )
        self.late_help = yes(12)
        self.granted = yes(66)
        self.late_dispatch = yes(1.5)
        self.late_signing = yes(2.5)
        self.late_contact = yes(3)
        self.late = yes(LATE)
        self.lateness = balanced(short=60, long=25, beyond=15)

        self.call = Balanced(
            {
                CallOutcome.CONNECTED: 80.0,
                CallOutcome.NO_ANSWER: 15.5,
                CallOutcome.REFUSED: 2.5,
                CallOutcome.DECLINED: 1.2,
                CallOutcome.WRONG_NUMBER: 0.8,
            },
            rng,
        )
        self.contacted = yes(RESPONSE)
        self.resolved = yes(RESOLUTION)
        self.satisfaction = {
            True: Balanced(
                {
                    Satisfaction.SATISFIED: SATISFIED_IF_SOLVED - 2,
                    Satisfaction.BASICALLY: 2.0,
                    Satisfaction.AVERAGE: 0.9,
                    Satisfaction.DISSATISFIED: 0.5,
                    Satisfaction.VERY_DISSATISFIED: 0.1,
                },
                rng,
            ),
            False: Balanced(
                {
                    Satisfaction.SATISFIED: SATISFIED_IF_UNSOLVED - 2,
                    Satisfaction.BASICALLY: 2.0,
                    Satisfaction.AVERAGE: 22.0,
                    Satisfaction.DISSATISFIED: 22.0,
                    Satisfaction.VERY_DISSATISFIED: 10.0,
                },
                rng,
            ),
        }
        # What the unit itself says: rarely less, often more than the requester will.
        self.own_view = Balanced({Solved.YES: 84.0, Solved.PARTLY: 12.0, Solved.NO: 4.0}, rng)
        self.resolved_again = yes(62)  # of those handled once more
        self.rehandled = yes(75)  # of bad answers
        self.reopened = yes(0.5)  # of closed matters

        # What requesters and units make of the assessment: no city publishes any of it, so all that
        # follows is invented, and only meant to put something on every page.
        # Of those who came through a channel of their own, after the unit's reply.
        self.own_answer = balanced(none=50, open_link=35, rate=15)
        self.link_used = yes(80)
        self.withheld = yes(2.5)  # of answers
        # Would say so if asked.
        self.pressed = Balanced(
            {
                "": 92.0,
                PressureKind.CHANGE: 4.0,
                PressureKind.WITHDRAW: 2.5,
                PressureKind.SILENCE: 1.5,
            },
            rng,
        )
        self.plea = balanced(none=65, ask_exclusion=20, appeal=15)  # of bad first answers
        rates, volume = ExclusionScope.RATES, ExclusionScope.VOLUME
        self.exclusion = Balanced(
            {
                (rates, ExclusionGround.UNREASONABLE): 28.0,
                (rates, ExclusionGround.BEYOND_DUTY): 22.0,
                (rates, ExclusionGround.LEGAL_CHANNEL): 14.0,
                (rates, ExclusionGround.FORCE_MAJEURE): 6.0,
                (rates, ExclusionGround.WRONG_RECORD): 10.0,
                (rates, ExclusionGround.TOLERATED): 8.0,
                (volume, ExclusionGround.LEGAL_CHANNEL): 6.0,
                (volume, ExclusionGround.MALICIOUS): 6.0,
            },
            rng,
        )
        self.exclusion_granted = yes(45)
        self.appeal_ground = Balanced(
            {
                AppealGround.CONTRADICTED: 40.0,
                AppealGround.OTHER_MATTER: 25.0,
                AppealGround.OTHER_UNIT: 20.0,
                AppealGround.NOT_ASKED: 15.0,
            },
            rng,
        )
        self.appeal_upheld = yes(30)
        self.late_plea_ruling = yes(8)
        self.score_appeal = yes(4)  # of the scored lines of a draft month
        self.score_appeal_of_tail = yes(40)
        self.bonus_approved = yes(75)
