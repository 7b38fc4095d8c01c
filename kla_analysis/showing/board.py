"""The board of a plan: ladder, staircase and components in one picture, of which only the marks move.

What does not depend on the budget is drawn once. What moves is a short list of marks, and the same
list is laid over the picture in the app (as SVG, a few kilobytes per move) and drawn into it for a
report: the static twin can not say anything else than the app.

>>> import kla_analysis as kla
>>> case = kla.open("63.10", 2022, target="nindya")
>>> answer = kla.plan_for(case, kla.open_scenario(), case.target)
>>> kla.charts.board(answer).title[:5]
'Rp600'
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any, Literal

import numpy as np
import pandas as pd

from kla_analysis.language import likely, money, number, percent, t
from kla_analysis.planning.simulation import Ground, Simulation
from kla_analysis.showing.figure import (
    AMBER,
    BLUE,
    GRID,
    INK,
    LOST,
    MISSING,
    PAD,
    PAPER,
    SMALL,
    SOFT,
    TEXT,
    UNKNOWN,
    ZONES,
    Chart,
    beside,
    figure_svg,
    finished,
    fit,
    new_figure,
    no_award,
    on_phone,
    put_rows,
    row_names,
    styled,
    text_width,
    width,
    write,
    zones,
)
from kla_analysis.showing.plan import finding, needs_plan, plan_note, staircase_table
from kla_analysis.showing.records import Record

#: The colours of the picture, by their names in the pages' palette: in the app they follow it, also into the dark.
COLOURS = {"ink": INK, "soft": SOFT, "line": GRID, "blue": BLUE, "amber": AMBER, "missing": MISSING, "paper": PAPER}
COLOURS |= {f"zone-{at}": colour for at, colour in enumerate(ZONES)}
_NAMES = {colour: f"var(--{name})" for name, colour in COLOURS.items()}
#: Probabilities that are marked on the staircase.
LEVELS = (0.5, 0.8, 0.95)
# Heights and gaps, inches.
_LADDER, _STAIRS, _GAP = 1.2, 2.2, 0.8
_LEFT, _RIGHT, _NAMES_WIDE = 0.75, 0.3, 2.85
# Where the marks run on the ladder, share of its height; the line of the target stands in the same row, words above and below.
_LEVEL, _ROW = 0.36, (0.24, 0.48)
# Points: the unit of the SVG, and how far a label stays from its mark.
_UNIT, _OFF = 72.0, 8.0


@dataclass(frozen=True)
class Mark:
    """One thing that moves: `at` is in points of the picture, from its upper left corner.

    Attributes:
        kind: `rect` (x, y, width, height), `line` (x, y, x, y), `diamond` (x, y) or `text` (x, y).
    """

    kind: Literal["rect", "line", "diamond", "text"]
    at: tuple[float, ...]
    colour: str
    text: str = ""
    anchor: Literal["start", "middle", "end"] = "start"
    bold: bool = False


def reach(ground: Ground, target: float) -> int:
    """Return how far a budget is worth trying, rupiah: half as much again as the target surely costs."""
    stairs = ground.ready
    if stairs is None or stairs.steps.empty:
        return int(ground.model.costs.sum())
    steps = stairs.steps
    first = steps.index[steps["total"] >= target - 1e-9]
    far = 3 * int(steps.loc[first[0], "cost"]) if len(first) else int(steps["cost"].iloc[-1])
    far = min(max(far, 500_000_000), int(steps["cost"].iloc[-1]))
    size = 10 ** (len(str(max(far, 1))) - 2) * 5
    return -(-far // size) * size


def sought(answer: Simulation) -> str:
    """Say in a few words what the plan is the best for."""
    scenario, words = answer.scenario, {"goal": answer.goal.name, "target": number(answer.target)}
    within = t(" dengan paling banyak {money}", money=money(scenario.budget)) if scenario.budget is not None else ""
    if scenario.goal == "points":
        return t("Poin terbanyak{within}", within=within)
    if scenario.goal == "certainty":
        sure = percent(scenario.certainty)
        return t("Rencana termurah dengan peluang {goal} sedikitnya {sure}{within}", sure=sure, within=within, **words)
    return t("Rencana termurah menuju {goal} ({target} poin){within}", within=within, **words)


def _about(answer: Simulation) -> str:
    """Title the picture, whatever the budget."""
    words = {"area": answer.ground.position.area.name, "goal": answer.goal.name}
    if answer.scenario.goal == "points":
        return t("{area}: poin terbanyak per anggaran", **words)
    if answer.scenario.goal == "certainty":
        return t("{area} menuju {goal}: rencana yang cukup pasti", **words)
    return t("{area} menuju {goal}: rencana termurah", **words)


@dataclass(eq=False, repr=False)
class Board:
    """The picture for one ground and target.

    Attributes:
        far: the budget at the right edge of the staircase, rupiah.
        climbed: whether the staircase is there; until then its place says that it is coming.
    """

    answer: Simulation
    far: int
    title: str = ""
    climbed: bool = True
    _panels: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.figure = self._draw()

    def svg(self) -> str:
        """Return what stands still, as one SVG element; the same data give the same text."""
        text = figure_svg(self.figure).decode()
        for name, colour in COLOURS.items():
            text = text.replace(colour, f"var(--{name})")
        head, rest = text[text.index("<svg") :].split(">", 1)
        return re.sub(r' (width|height)="[^"]*"', "", head) + ' width="100%" aria-hidden="true">' + rest

    def moving(self, answer: Simulation) -> str:
        """Return the marks of an answer as one SVG element of the same size."""
        wide, high = (inches * _UNIT for inches in self.figure.get_size_inches())
        shapes = "".join(_as_svg(mark) for mark in self.marks(answer))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:g} {high:g}" width="100%" role="img" '
            f'aria-label="{escape(alt(answer))}" data-total="{answer.plan.total:g}" data-cost="{answer.plan.cost}" '
            f'font-family="DejaVu Sans, Verdana, sans-serif">{shapes}</svg>'
        )

    def chart(self, answer: Simulation) -> Chart:
        """Return the picture with the marks of an answer drawn into it."""
        from matplotlib.transforms import Affine2D

        wide, high = (inches * _UNIT for inches in self.figure.get_size_inches())
        to_figure = Affine2D().scale(1 / wide, -1 / high).translate(0, 1) + self.figure.transFigure
        for mark in self.marks(answer):
            self.figure.add_artist(_as_artist(mark, to_figure))
        twin = staircase_table(answer, self.far)
        chart = finished(finding(answer), alt(answer), plan_note(answer), self.figure, twin)
        return replace(chart, what_if=what_if(answer, self.far))

    def marks(self, answer: Simulation) -> Iterator[Mark]:
        """Yield what moves."""
        if answer.plan.status == "infeasible":
            x, y = self._place("ladder", answer.before, _LEVEL)
            yield Mark("text", (x + _OFF, y), AMBER, t("tidak ada rencana"), "start", True)
            return
        yield from self._on_ladder(answer)
        yield from self._on_stairs(answer)
        yield from self._on_components(answer)

    def _on_ladder(self, answer: Simulation) -> Iterator[Mark]:
        x0, y = self._place("ladder", answer.before, _LEVEL)
        x1, _ = self._place("ladder", answer.plan.total, _LEVEL)
        yield Mark("rect", (x0, y - 5, x1 - x0, 10), AMBER)
        yield Mark("diamond", (x0, y), BLUE)
        yield Mark("diamond", (x1, y), AMBER)
        before = answer.ground.position.instrument.ladder.written(answer.before)
        if answer.ground.kept == "all":
            before = t("hari ini {points}", points=before)
        else:
            before = t("kira-kira {points} sesudah verifikasi", points=before)
        yield Mark("text", (self._within(x0, before, SMALL), y - 17), INK, before, "middle")
        label = f"{_total(answer)} {answer.placement.name}"
        yield Mark("text", (self._within(x1, label, TEXT, "bold"), y + 18), INK, label, "middle", True)

    def _within(self, x: float, label: str, size: float, weight: str = "normal") -> float:
        """Return the middle of a label at `x` on the ladder, so that it stays inside."""
        half = text_width(label, size, weight) * _UNIT / 2
        left, right = (self._place("ladder", end, 0)[0] for end in self._panels["ladder"].get_xlim())
        return min(max(x, left + half), right - half)

    def _on_stairs(self, answer: Simulation) -> Iterator[Mark]:
        ax = self._panels["stairs"]
        low, high = ax.get_ylim()
        right, bottom = self._place("stairs", self.far, low)
        if answer.scenario.budget is not None and answer.scenario.budget <= self.far:
            x, _ = self._place("stairs", answer.scenario.budget, low)
            yield Mark("line", (x, bottom - 7, x, bottom), INK)
            if self._place("stairs", 0, min(answer.plan.total, high))[1] < bottom - 2 * 16:
                near = x > right - 40
                yield Mark("text", (x - 4 if near else x + 4, bottom - 6), INK, t("pagu"), "end" if near else "start")
        x, y = self._place("stairs", min(answer.plan.cost, self.far), min(answer.plan.total, high))
        yield Mark("diamond", (x, y), AMBER)
        label = f"{money(answer.plan.cost)} → {_total(answer)}"
        # The stairs rise: right of the plan there is room below them, left of it above.
        inside = x + _OFF + text_width(label, TEXT, "bold") * _UNIT <= right
        at, line = (y + 16 if inside else y - 16), self._place("stairs", 0, answer.target)[1]
        if abs(at - line) < _OFF:
            at = line + (12 if inside else -12)
        yield Mark("text", (x + _OFF if inside else x - _OFF, at), INK, label, "start" if inside else "end", True)

    def _on_components(self, answer: Simulation) -> Iterator[Mark]:
        for at, row in enumerate(answer.components.itertuples()):
            x0, y = self._place("components", 0, at)
            x1, _ = self._place("components", row.before, at)
            x2, _ = self._place("components", row.after, at)
            yield Mark("rect", (x0, y - 6, x1 - x0, 12), BLUE)
            if x2 - x1 > 0.05:
                yield Mark("rect", (x1, y - 6, x2 - x1, 12), AMBER)
            change = (
                f"{number(row.before, decimals=1)} → {number(row.after, decimals=1)}"
                if row.after - row.before > 0.05
                else number(row.before, decimals=1)
            )
            end, _ = self._place("components", row.max_points, at)
            yield Mark("text", (end + 5, y), INK, f"{change} / {number(row.max_points)}")

    def _place(self, panel: str, x: float, y: float) -> tuple[float, float]:
        """Return where a value of a panel stands in the picture, points from its upper left corner."""
        ax = self._panels[panel]
        box, (x0, x1), (y0, y1) = ax.get_position(), ax.get_xlim(), ax.get_ylim()
        wide, high = (inches * _UNIT for inches in self.figure.get_size_inches())
        across = box.x0 + (x - x0) / (x1 - x0) * box.width
        up = box.y0 + (y - y0) / (y1 - y0) * box.height
        return round(across * wide, 2), round((1 - up) * high, 2)

    @styled
    def _draw(self) -> Any:
        answer = self.answer
        position = answer.ground.position
        names, row = row_names(answer.components["name"], beside(_NAMES_WIDE), lines=2, least=0.34)
        rows = row * len(names)
        tall = _LADDER + _STAIRS + rows + 2 * _GAP + (0.32 if on_phone() else 0.15)
        how = t(
            "Biru: tanpa kegiatan. Jingga: yang ditambahkan rencana. Garis putus-putus: batas {goal}. Lingkaran: biaya untuk "
            "peluang {goal} sebesar itu.",
            goal=answer.goal.name,
        )
        if position.unknown_points:
            how += " " + t("Bertitik: belum dijawab.")
        figure, whole = new_figure(
            self.title or _about(answer),
            position,
            plan_note(answer),
            tall=tall,
            left=_LEFT,
            right=_RIGHT,
            how=how,
        )
        box, high = whole.get_position(), figure.get_size_inches()[1]
        whole.remove()
        top = box.y1
        for name, left, right, inches in (
            ("ladder", PAD, PAD, _LADDER),
            ("stairs", _LEFT, _RIGHT, _STAIRS),
            ("components", beside(_NAMES_WIDE), 1.55, rows),
        ):
            ax = figure.add_axes(
                (left / width(), top - inches / high, 1 - (left + right) / width(), inches / high), facecolor="none"
            )
            ax.set_label(name)
            self._panels[name] = ax
            top -= (inches + (_GAP if name == "stairs" else 0.75)) / high
        self._draw_ladder()
        self._draw_stairs()
        self._draw_components(names)
        return figure

    def _draw_ladder(self) -> None:
        ax, answer = self._panels["ladder"], self.answer
        ladder = answer.ground.position.instrument.ladder
        floor = ladder.drawn_from(answer.before)
        edges = [floor, *(band.lower for band in ladder.bands), ladder.max_total]
        names = [no_award(ladder.bands[0].lower), *(band.name for band in ladder.bands)]
        wide = width() - 0.24
        for colour, name, (low, high) in zip(zones(len(names)), names, itertools.pairwise(edges), strict=True):
            if high <= floor:
                continue
            ax.axvspan(low, high, color=colour, linewidth=0, zorder=0)
            room = (high - low) / (ladder.max_total - floor) * wide - 0.04
            write(
                ax,
                (low + high) / 2,
                0.96,
                fit(name, room, SMALL),
                ha="center",
                va="top",
                fontsize=SMALL,
                linespacing=1.0,
            )
        ax.plot([answer.target] * 2, _ROW, color=AMBER, linewidth=1.6, linestyle=(0, (4, 2)))
        ax.set(xlim=(floor, ladder.max_total), ylim=(0, 1), yticks=[])
        ax.set_xticks(edges, [number(edge) for edge in edges], fontsize=SMALL, color=INK)
        _inside(ax)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        _titled(ax, x=t("Nilai total (poin)"))

    def _draw_stairs(self) -> None:
        ax, answer = self._panels["stairs"], self.answer
        steps = answer.chances if self.climbed else pd.DataFrame(columns=["cost", "total", "probability"], dtype=float)
        inside = steps[steps["cost"] <= self.far]
        ends = np.r_[inside["cost"], self.far] if len(inside) else np.array([0, self.far])
        totals = np.r_[inside["total"], inside["total"].iloc[-1]] if len(inside) else np.full(2, answer.before)
        low, high = min(totals[0], answer.target), max(totals[-1], answer.target)
        room = max(high - low, 10.0)
        if len(inside):
            ax.step(ends, totals, where="post", color=BLUE, linewidth=1.8)
        else:
            write(
                ax,
                self.far,  # at the lower right, where no mark of the plan stands
                low - 0.1 * room,
                t("nilai terbaik untuk setiap biaya sedang dihitung …") if not self.climbed else "",
                ha="right",
                color=SOFT,
            )
        ax.axhline(answer.target, color=AMBER, linewidth=1.4, linestyle=(0, (4, 2)))
        # At the left end the stairs are still below the line; where they begin above it, the name goes below.
        under = totals[0] >= answer.target
        write(
            ax,
            0.01 * self.far,
            answer.target,
            f"{answer.goal.name} {number(answer.target)}",
            xytext=(0, -4 if under else 3),
            va="top" if under else "bottom",
            fontsize=SMALL,
            color=AMBER,
            fontweight="bold",
        )
        ax.set_xlim(0, self.far)
        ax.set_ylim(low - 0.25 * room, high + 0.16 * room)
        self._draw_levels(inside, room)
        ticks = np.linspace(0, self.far, 3 if on_phone() else 5)
        ax.set_xticks(ticks, [money(tick) for tick in ticks], fontsize=SMALL, color=INK)
        _inside(ax)
        ax.yaxis.set_major_locator(_whole_numbers())
        ax.tick_params(length=3, color=GRID, labelsize=SMALL, labelcolor=INK)
        ax.spines[["top", "right"]].set_visible(False)
        ax.spines[["left", "bottom"]].set_color(GRID)
        _titled(ax, x=t("Biaya rencana"), y=t("Nilai terbaik (poin)"))

    def _draw_levels(self, stairs: pd.DataFrame, room: float) -> None:
        """Mark on the stairs what certainty costs; `room` is how many points they span."""
        ax, answer = self._panels["stairs"], self.answer
        last = -1.0
        # What certainty costs, as everywhere else; the plan for it need not lie on the stairs.
        prices = answer.prices if self.climbed else pd.DataFrame(columns=["cost", "total"], dtype=float)
        for level in LEVELS:
            cost, total = prices.loc[level, ["cost", "total"]] if level in prices.index else (math.inf, 0.0)
            if cost > self.far or cost - last < 0.07 * self.far:
                continue
            last, y = float(cost), float(total)
            ax.plot([last], [y], marker="o", markersize=5, color=PAPER, markeredgecolor=BLUE, markeredgewidth=1.4)
            # Beside the circle, on the side of the stairs where there is room.
            below = y < stairs.loc[stairs["cost"] <= cost, "total"].max() - 0.01 * room
            write(
                ax,
                last,
                y,
                percent(level),
                xytext=(5, -4) if below else (-5, 4),
                ha="left" if below else "right",
                va="top" if below else "bottom",
                fontsize=SMALL,
                color=BLUE,
            )

    def _draw_components(self, names: list[str]) -> None:
        ax, answer = self._panels["components"], self.answer
        top = answer.components["max_points"].max()
        sheet = answer.ground.position.rolled.components
        thick = 12 / _UNIT / (ax.get_position().height * self._high(ax) / len(names))
        for at, (code, most) in enumerate(answer.components["max_points"].items()):
            # What nobody has answered is no loss; it stands at the end, where no bar of the plan reaches unless it answers.
            unknown = sheet.loc[code, "high"] - sheet.loc[code, "low"]
            ax.barh(at, most - unknown, height=thick, **LOST)
            ax.barh(at, unknown, left=most - unknown, height=thick, **UNKNOWN)
        put_rows(ax, names)
        ax.set_xlim(0, top)
        _titled(ax, x=t("Poin komponen: hari ini → dengan rencana / maksimum"))

    def _high(self, ax: Any) -> float:
        return float(ax.get_figure().get_size_inches()[1])


@needs_plan
@styled
def board(answer: Simulation) -> Chart:
    """Return the board of an answer as a picture for a report."""
    far = max(reach(answer.ground, answer.target), min(answer.plan.cost, int(answer.model.costs.sum())))
    return Board(answer, far, finding(answer)).chart(answer)


def what_if(answer: Simulation, far: int) -> Record:
    """Return every step of the stairs, so that a page can answer for another budget as the planner does.

    Args:
        far: how far the slider leads, rupiah; the steps go on to the last one.

    Returns:
        `steps` (`cost` in rupiah, `total` in points, `said`, positions of `actions`), `actions` (what a table says of
        each: name, agency, cost), `heads` of that table, where the slider `starts` and how `far` it leads, `words`.
    """
    model, stairs = answer.model, answer.ground.climb().steps
    place = {code: at for at, code in enumerate(model.codes)}
    told = model.catalogue.actions
    return {
        "title": t("Coba anggaran lain"),
        "starts": answer.budget,
        "far": far,
        "steps": [
            {
                "cost": int(step.cost),
                "total": float(step.total),
                "said": _step_in_words(answer, step.cost, step.total, len(step.actions), probability),
                "actions": [place[code] for code in step.actions],
            }
            for step, probability in zip(stairs.itertuples(), answer.chances["probability"], strict=True)
        ],
        "heads": [t("Kegiatan"), t("Perangkat daerah"), t("Biaya")],
        "actions": [
            [f"{code} {told.at[code, 'name']}", told.at[code, "agency"], money(int(cost))]
            for code, cost in zip(model.codes, model.costs, strict=True)
        ],
        "words": {
            "budget": t("Anggaran"),
            "typed": t("atau ketik, rupiah"),
            "caption": t("Kegiatan untuk anggaran itu"),
            "none": t("tidak ada rencana; yang termurah {cost}", cost=money(float(stairs["cost"].min()))),
        },
        "source": plan_note(answer),
    }


def _step_in_words(answer: Simulation, cost: float, total: float, count: int, probability: float) -> str:
    ladder = answer.ground.position.instrument.ladder
    said = t(
        "nilai {total} bila semua diterima, {name}; {count} kegiatan, {cost}",
        total=ladder.written(total),
        name=ladder.place(total).name,
        count=count,
        cost=money(cost),
    )
    if math.isnan(probability):
        return said
    return t("{said}; peluang {goal} {chance}", said=said, goal=answer.goal.name, chance=likely(probability))


def alt(answer: Simulation) -> str:
    """Say in words what the board shows."""
    if answer.plan.status == "infeasible":
        return answer.plan.why
    changed = "; ".join(
        f"{row.name} {number(row.before)} → {number(row.after)}"
        for row in answer.components.itertuples(index=False)
        if row.after > row.before
    )
    return t(
        "Predikat, biaya, dan komponen. Biaya {cost}: nilai {before} menjadi {total} ({name}), peluang "
        "{goal} {chance}. {changed}.",
        cost=money(answer.plan.cost),
        before=number(answer.before),
        total=_total(answer),
        name=answer.placement.name,
        goal=answer.goal.name,
        chance=likely(answer.chance.probability),
        changed=changed or t("Tidak ada komponen yang berubah"),
    )


def _titled(ax: Any, x: str, y: str = "") -> None:
    """Title the axes of a panel."""
    x = fit(x, ax.get_position().width * width(), SMALL) if on_phone() else x
    ax.set_xlabel(x, fontsize=SMALL, color=SOFT, parse_math=False)
    ax.set_ylabel(y, fontsize=SMALL, color=SOFT, parse_math=False)


def _inside(ax: Any) -> None:
    """Keep the first and the last number of an axis inside the picture."""
    labels = ax.get_xticklabels()
    labels[0].set_ha("left")
    labels[-1].set_ha("right")


def _whole_numbers() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(5, integer=True)


def _as_svg(mark: Mark) -> str:
    if mark.kind == "rect":
        x, y, wide, high = mark.at
        return (
            f'<rect x="{x}" y="{y:g}" width="{max(wide, 0):g}" height="{high:g}" style="fill:{_NAMES[mark.colour]}"/>'
        )
    if mark.kind == "line":
        x, y, to_x, to_y = mark.at
        return (
            f'<line x1="{x}" y1="{y}" x2="{to_x}" y2="{to_y}" style="stroke:{_NAMES[mark.colour]}" stroke-width="1.2"/>'
        )
    x, y = mark.at
    if mark.kind == "diamond":
        return f'<path d="M{x - 6:g} {y}L{x} {y - 6:g}L{x + 6:g} {y}L{x} {y + 6:g}Z" style="fill:{_NAMES[mark.colour]};stroke:var(--paper)"/>'
    size, weight = (TEXT, ' font-weight="bold"') if mark.bold else (SMALL, "")
    return (
        f'<text x="{x:g}" y="{y + size * 0.36:g}" font-size="{size}"{weight} text-anchor="{mark.anchor}" '
        f'style="fill:{_NAMES[mark.colour]};stroke:var(--paper)" paint-order="stroke" stroke-width="3" stroke-linejoin="round">{escape(mark.text)}</text>'
    )


def _as_artist(mark: Mark, transform: Any) -> Any:
    from matplotlib import patches, patheffects
    from matplotlib.lines import Line2D
    from matplotlib.text import Text

    if mark.kind == "rect":
        x, y, wide, high = mark.at
        return patches.Rectangle((x, y), max(wide, 0), high, facecolor=mark.colour, transform=transform)
    if mark.kind == "line":
        x, y, to_x, to_y = mark.at
        return Line2D([x, to_x], [y, to_y], color=mark.colour, linewidth=1.2, transform=transform)
    x, y = mark.at
    if mark.kind == "diamond":
        corners = [(x - 6, y), (x, y - 6), (x + 6, y), (x, y + 6)]
        return patches.Polygon(corners, facecolor=mark.colour, edgecolor=PAPER, transform=transform)
    across = {"start": "left", "middle": "center", "end": "right"}[mark.anchor]
    return Text(
        x,
        y,
        mark.text,
        color=mark.colour,
        fontsize=TEXT if mark.bold else SMALL,
        fontweight="bold" if mark.bold else "normal",
        ha=across,
        va="center",
        parse_math=False,
        transform=transform,
        path_effects=[patheffects.withStroke(linewidth=3, foreground=PAPER)],
    )


def _total(answer: Simulation) -> str:
    """Write a plan's total, rounded over no bound."""
    return answer.ground.position.instrument.ladder.written(answer.plan.total)
