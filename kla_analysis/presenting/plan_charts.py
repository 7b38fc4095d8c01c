"""Charts that set two plans side by side."""

from __future__ import annotations

from kla_analysis.language import number, signed, t
from kla_analysis.planning.simulation import Simulation, difference
from kla_analysis.presenting.canvas import (
    AMBER,
    BLUE,
    PAD,
    PAPER,
    SOFT,
    Chart,
    finished,
    new_figure,
    put_rows,
    row_names,
    styled,
    write,
)
from kla_analysis.presenting.plan_tables import difference_table
from kla_analysis.presenting.plan_wording import plan_note

#: What it shows; completion in a notebook lists no more.
__all__ = ["difference_chart"]


def __dir__() -> list[str]:
    return __all__


@styled
def difference_chart(one: Simulation, other: Simulation) -> Chart:
    """From one scenario's total to another's: what each component adds or takes."""
    table = difference(one, other)
    moved = table[table["difference"] != 0]
    first, second = one.scenario.title or t("Skenario ini"), other.scenario.title or t("Skenario lain")
    change = round(other.plan.total - one.plan.total, 6)
    title = (
        t("{second}: {change} poin dibanding {first}", second=second, change=signed(change), first=first[:1].lower() + first[1:])
        if change
        else t("{second} sama nilainya dengan {first}", second=second, first=first[:1].lower() + first[1:])
    )  # fmt: skip
    rows = [(first, 0.0, one.plan.total, _total(one), BLUE)]
    running = one.plan.total
    for _, row in moved.iterrows():
        low, high = sorted((running, running + row["difference"]))
        rows.append((row["name"], low, high, signed(row["difference"]), AMBER if row["difference"] > 0 else PAPER))
        running = round(running + row["difference"], 6)
    rows.append((second, 0.0, other.plan.total, _total(other), BLUE))
    inner = [value for _, low, high, *_ in rows[1:-1] for value in (low, high)] + [one.plan.total, other.plan.total]
    room = max(max(inner) - min(inner), 10.0)
    floor = max(0.0, min(inner) - 0.35 * room)
    names, row_high = row_names((name for name, *_ in rows), 2.2, least=0.4)
    how = t("Sumbu mulai di {low}, bukan nol. Jingga: bertambah; putih: berkurang.", low=number(floor, decimals=0))
    figure, ax = new_figure(
        title, other.ground.position, plan_note(other), tall=row_high * len(rows), left=2.2, right=0.9 + PAD, how=how
    )
    for y, (_, low, high, value, colour) in enumerate(rows):
        start = max(low, floor)
        ax.barh(y, high - start, left=start, color=colour, edgecolor=AMBER if colour == PAPER else colour, height=0.6)
        write(ax, 1.02, y, value, transform=ax.get_yaxis_transform(), fontweight="bold" if colour == BLUE else "normal")
    running = one.plan.total
    for y, change in enumerate(moved["difference"], start=1):
        ax.plot([running] * 2, [y - 1, y], color=SOFT, linewidth=0.8, zorder=0)
        running += change
    ax.plot([running] * 2, [len(rows) - 2, len(rows) - 1], color=SOFT, linewidth=0.8, zorder=0)
    put_rows(ax, names)
    ax.set_xlim(floor, max(inner) + 0.05 * room)
    told = "; ".join(f"{name} {value}" for name, _, _, value, _ in rows)
    alt = t("Diagram air terjun antara dua skenario: {told}.", told=told)
    return finished(title, alt, plan_note(other), figure, difference_table(one, other))


def _total(answer: Simulation) -> str:
    return answer.ground.position.instrument.ladder.written(answer.plan.total)
