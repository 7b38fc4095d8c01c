"""Side by side: the districts of a batch beside each other, from their manifests: state, claims, forecasts, common weaknesses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from kla_analysis.instrument.instrument import load_instrument
from kla_analysis.language import likely, t
from kla_analysis.showing.table import Column, Table, count_column, number_column, share_column, whole_number

#: Indicators in the table of common weaknesses.
_TOP = 15


def side_by_side(rows: Sequence[Mapping[str, Any]]) -> list[Table]:
    """Return the tables that compare the reports of a batch; none where there are fewer than two.

    Args:
        rows: one a report: `code`, `area`, `province`, `year`, `target`, `badge`, and `beside` as its manifest has it
            (`report.results.beside_others`), empty where there is none.
    """
    known = [row for row in rows if row["beside"]]
    if len({row["code"] for row in known}) < 2:
        return []
    return [_districts(known), *_weaknesses(known)]


def _districts(rows: Sequence[Mapping[str, Any]]) -> Table:
    """State, claim, newest result and forecast of each district, in the order of the codes."""
    found = []
    for row in rows:
        own = row["beside"]
        stages = load_instrument(own["instrument"]).stages
        totals = [own["stages"].get(stage.code) for stage in stages if not stage.claimed]
        claims = [own["stages"].get(stage.code) for stage in stages if stage.claimed]
        found.append(
            {
                **{name: row[name] for name in ("area", "province", "year", "badge", "target")},
                "answered": own["answered"] / own["questions"] if own["questions"] else None,
                "proven": own["with_evidence"] / own["questions"] if own["with_evidence"] is not None else None,
                "at_risk": own["at_risk"],
                "claim": _low(claims),
                "verified": _low(totals),
                "median": own["median"],
                "range": f"{whole_number(own['low'])}–{whole_number(own['high'])}" if own["median"] else "–",
                "chance": own["probability_of_target"],
            }
        )
    frame = pd.DataFrame(found)
    # A column that says nothing, or the same of all, takes the room of those that compare.
    told = [name for name in frame if frame[name].replace("", None).notna().any()]
    told = [name for name in told if name not in ("province", "year") or frame[name].nunique() > 1]
    columns = _columns()
    return Table(
        t("Berdampingan: keadaan, klaim, hasil, dan prakiraan"),
        tuple(column for column in columns if column.key in told),
        frame,
        source=t(
            "Sumber: manifes setiap laporan. “Berbukti” hanya di mana lembarnya mencatat bukti. Jawaban kosong dihitung tanpa nilai. "
            "Prakiraan: turunan dari kasus yang terbit; sesudah penghargaan, putaran berikutnya."
        ),
    )


def _columns() -> tuple[Column, ...]:
    return (
        Column("area", t("Daerah")),
        Column("province", t("Provinsi")),
        Column("year", t("Tahun"), write=str),
        share_column("answered", t("Terjawab")),
        share_column("proven", t("Berbukti")),
        number_column("at_risk", t("Dapat diselamatkan")),
        number_column("claim", t("Klaim")),
        number_column("verified", t("Hasil terakhir")),
        Column("median", t("Nilai akhir, tengah"), "number", _whole, "points"),
        Column("range", t("Rentang 80%"), "number"),
        Column("target", t("Target")),
        share_column("chance", t("Peluang target"), _chance),
        Column("badge", t("Lembar")),
    )


def _low(totals: Sequence[Sequence[float] | None]) -> float | None:
    known = [total for total in totals if total is not None]
    return known[-1][0] if known else None


def _whole(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else whole_number(value)


def _chance(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else likely(value)


def _weaknesses(rows: Sequence[Mapping[str, Any]]) -> list[Table]:
    """The indicators that lose most in all districts together, one table an instrument."""
    tables = []
    for rules in dict.fromkeys(row["beside"]["instrument"] for row in rows):
        # Of several targets of one district the sheet counts once.
        sheets = {(row["code"], row["year"]): row for row in rows if row["beside"]["instrument"] == rules}
        lost = pd.DataFrame([row["beside"]["lost"] for row in sheets.values()]).dropna(how="all")
        if len(lost) < 2:
            continue
        indicators = load_instrument(rules).indicators.reindex(lost.columns)
        share = 1 - lost / indicators["max_points"]
        frame = pd.DataFrame(
            {
                "name": indicators["name"],
                "max_points": indicators["max_points"],
                "lost": lost.mean(),
                "reached": share.median(),
                "weak": (share < 0.5).sum(),
            }
        ).sort_values("lost", ascending=False, kind="stable")
        borrowed = sum(bool(row["badge"]) for row in sheets.values())
        tables.append(
            Table(
                t("Kelemahan bersama {count} daerah ({rules})", count=len(lost), rules=rules),
                (
                    Column("code", t("Kode")),
                    Column("name", t("Indikator")),
                    number_column("max_points", t("Maks.")),
                    number_column("lost", t("Hilang, rata-rata")),
                    share_column("reached", t("Tercapai, tengah")),
                    count_column("weak", t("Daerah di bawah separuh")),
                ),
                frame.head(_TOP).rename_axis("code").reset_index(),
                source=t(
                    "Sumber: lembar semua daerah dalam daftar ini, {borrowed} di antaranya ilustratif atau sintetis.",
                    borrowed=borrowed,
                ),
            )
        )
    return tables
