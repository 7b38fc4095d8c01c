"""Peers: a district beside those of its province and kind whose sheets of the round are here."""

from __future__ import annotations

import pandas as pd

from kla_analysis.analysis.position import Position
from kla_analysis.language import number, t
from kla_analysis.showing.table import Column, Table, number_column, of_sheet
from kla_analysis.showing.text import Text


def peers_in_words(table: pd.DataFrame, case: Position) -> Text:
    """Say who the peers are and where the district is furthest behind them (`kla.behind_peers`)."""
    if table.empty:
        told = t("Tidak ada lembar daerah lain dari provinsi dan jenis yang sama untuk putaran ini.")
        return Text((told,), kind="remark")
    peers = table.attrs["peers"]
    names = ", ".join(name for name, _ in peers[:8]) + ("…" if len(peers) > 8 else "")
    said = [
        t(
            "Dibandingkan dengan {count} daerah sejenis di provinsi yang sama ({names}); ukuran daerah tidak tercatat, jadi tidak "
            "ikut.",
            count=len(peers),
            names=names,
        )
    ]
    if borrowed := sum(borrowed for _, borrowed in peers):
        said.append(t("{count} di antaranya ilustratif atau sintetis.", count=borrowed))
    first = table.iloc[0]
    if first["behind_peers"] > 0:
        points = number(first["behind_peers"])
        said.append(t("Paling tertinggal: {name}, {points} poin.", name=first["name"], points=points))
    else:
        said.append(t("Tidak ada indikator yang tertinggal dari tengahnya."))
    return Text(tuple(said))


def peers_table(table: pd.DataFrame, case: Position, *, top: int = 10) -> Table | Text:
    """The indicators that are furthest behind the middle of the peers (`kla.behind_peers`)."""
    behind = table[table["behind_peers"] > 0]
    if behind.empty:
        return Text(())
    return of_sheet(
        case,
        t("Indikator yang tertinggal dari daerah sejenis"),
        (
            Column("indicator_code", t("Kode")),
            Column("name", t("Indikator")),
            number_column("low", t("Nilai")),
            number_column("peer_points", t("Sejenis, tengah")),
            number_column("behind_peers", t("Tertinggal")),
            number_column("max_points", t("Maks.")),
        ),
        behind.head(top).reset_index(),
    )
