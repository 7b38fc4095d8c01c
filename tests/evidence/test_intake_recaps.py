"""Recapitulations drawn from the habits of districts: each is read right or refused with a reason, never read wrong."""

from __future__ import annotations

import math

import people
import recaps
from conftest import often

import kla_analysis as kla
from kla_analysis.evidence.intake.child import Reader
from kla_analysis.evidence.intake.sheet import read_sheet

#: How many are drawn.
COUNT = often(60, 600)
WRITERS = (people.write_csv, people.write_csv, people.write_csv, people.write_xlsx, people.write_ods, people.write_html)


def test_drawn_recapitulations_are_read_right_or_refused(tmp_path, instrument, record_property):
    """Drawn sheets: none wrong, and at least nine of ten of those without a fault of their own are read."""
    wrong, refused, readable = [], [], 0
    with Reader() as reader:
        for seed in range(COUNT):
            recap = recaps.draw(instrument, seed)
            several = len(recap.pages) > 1 or any(one.merged for one in recap.pages)
            write = people.write_xlsx if several else WRITERS[seed % len(WRITERS)]
            path = write(tmp_path / f"{seed}.xlsx", recap.pages)
            intake = read_sheet(path, area="63.10", year=2025, stage="self_assessment", reader=reader)
            readable += not recap.may_refuse
            if intake.refused:
                problems = intake.repairs.problems(path.name)
                assert problems
                assert all(one.what and one.advice for one in problems)
                if not recap.may_refuse:
                    refused.append((seed, recap.drawn, str(problems[0])))
            elif not _is_right(intake, recap):
                wrong.append((seed, recap.drawn, intake.assessments[0].total, recap.total))
            path.unlink()
    share = 1 - len(refused) / readable
    record_property("share_read", share)
    print(f"\n{COUNT} lembar, {readable} tanpa salah, terbaca {share:.1%}")
    assert not wrong
    assert share >= 0.9, refused[:5]


def _is_right(intake: kla.Intake, recap: recaps.Recap) -> bool:
    (one,) = intake.assessments
    found = dict(zip(one.answers.iloc[:, 3], one.answers["score"], strict=True))
    wanted = {code: math.nan if value is None else value for code, value in recap.scores.items()}
    return (
        one.level == recap.level
        and found.keys() <= wanted.keys()
        and all(
            (math.isnan(value) and (code not in found or math.isnan(found[code])))
            or abs(found.get(code, -1) - value) < 1e-6
            for code, value in wanted.items()
        )
    )
