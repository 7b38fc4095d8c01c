"""The app: a planner tries budgets, and sees the plan, the score and the chance at once.

Only controls and their layout stand here: every number comes from the simulation, every picture from
the board, every table from the plan tables. What stands still in the picture is sent once; a move of
the slider sends the few marks that move.

>>> import kla_analysis as kla
>>> case = kla.open("63.10", 2022, target="nindya")
>>> kla.planner.try_out(case, kla.open_scenario(), case.target)  # doctest: +SKIP
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Any

import ipywidgets as widgets

from kla_analysis.analysis.position import Position
from kla_analysis.analysis.target import aim
from kla_analysis.app import address
from kla_analysis.app.controls import LABEL_WIDTH, Chosen, Controls, links, look, part, status
from kla_analysis.app.own_actions import OwnActions
from kla_analysis.errors import KlaError, ParameterError, Problem
from kla_analysis.language import likely, money, number, percent, read_money, signed, t
from kla_analysis.planning.actions import Catalogue, known_catalogues
from kla_analysis.planning.scenario import (
    Scenario,
    budgets_in_words,
    check_scenario,
    load_scenario,
    read_budgets,
    read_scenario,
)
from kla_analysis.planning.simulation import NEXT_STEP, Ground, Simulation, Simulator
from kla_analysis.project import find_project
from kla_analysis.showing.board import Board, reach, sought
from kla_analysis.showing.plan import (
    badges,
    component_change_table,
    core_in_words,
    core_table,
    cut_table,
    cuts_in_words,
    difference_chart,
    difference_in_words,
    difference_table,
    evidence_in_words,
    evidence_table,
    finding,
    needs_catalogue,
    order_table,
    plan_in_words,
    plan_table,
    proof,
    regret_table,
    spending_table,
)
from kla_analysis.showing.records import Shown
from kla_analysis.showing.text import Text, needs

#: What it shows; completion in a notebook lists no more.
__all__ = ["try_out"]


def __dir__() -> list[str]:
    return __all__


Options = list[tuple[str, Any]]
_NOTHING: Mapping[str, str] = MappingProxyType({})
#: Rupiah between two positions of the budget slider.
STEP = 10_000_000
# Seconds that a page waits for the staircase before it is shown without.
_PATIENCE = 5.0
# Seconds after the last move before a page of tables is made that takes a while.
_REST = 0.3
#: Actions of a change that are named; the others are counted.
_NAMED = 3
# Seconds between two moves of the slider that still belong to one pull.
_PULL = 1.0


@needs("question")
@needs_catalogue
def try_out(position: Position, scenario: Scenario, target: str, said: Mapping[str, str] | None = None) -> WhatIf:
    """Return the app, or say in words why nothing can be planned for this position.

    Args:
        said: what it is asked first, as an address says it; the address of the page when not given.
    """
    return WhatIf(position, scenario, target, address.asked() if said is None else said)


class WhatIf(Controls):
    """The controls, the picture and the tables of one planner.

    Attributes:
        answer: the last answer.
        widget: what a notebook shows.
    """

    def __init__(
        self, position: Position, scenario: Scenario | None = None, target: str = "", said: Mapping[str, str] = _NOTHING
    ) -> None:
        """Build the app for a position.

        Args:
            scenario: to which “back to the start” leads.
            said: what is asked first, as an address says it.

        Raises:
            ParameterError: there is no sheet with answers per question, or the scenario is about another area.
        """
        self.simulator = Simulator(position)
        scenario = scenario or Scenario()
        self._first = scenario.model_copy(update={"target": scenario.target or target or aim(position)})
        self._past: list[Scenario] = []
        self._steps = 0
        self._waiting: threading.Timer | None = None
        self._shown: Scenario | None = None
        self._ground: Ground | None = None
        self._board: Board | None = None
        self._pulled = False
        self._when = 0.0
        self._lock = threading.RLock()
        self.answer: Simulation | None = None
        self._build(position)
        self._put(self._first)
        self.visit(said)
        if self.answer is None:
            why = self.message.value
            self._changed()
            self.message.value = why or self.message.value
        # A page that is still loading can miss what a thread sends: where it is soon done, it is done before.
        self.climbing.join(_PATIENCE)

    # --- the controls ---------------------------------------------------------------------------

    def _build(self, position: Position) -> None:
        known = sorted(path.stem for path in (find_project().data / "scenarios").glob("*.yaml"))
        choices = [(t("pilih …"), ""), *zip(known, known, strict=True)]
        controls = widgets.VBox(
            [
                *self._question(position),
                self._folds(),
                *self._scenarios(choices),
            ],
            layout=widgets.Layout(flex="1 1 300px", max_width="400px", min_width="0"),
        )
        both = widgets.HBox(
            [controls, self._picture()],
            layout=widgets.Layout(flex_flow="row wrap", align_items="flex-start", width="100%"),
        )
        self.widget = widgets.VBox(
            [look(), address.visits(self.visit), both, self._tables(choices)],
            layout=widgets.Layout(width="100%"),
        )
        self.widget.add_class("kla-app")

    def _question(self, position: Position) -> list[widgets.Widget]:
        """Return what is asked: what to look for, towards which target, within which budget, how surely."""
        goals = [
            (t("poin terbanyak untuk anggaran"), "points"),
            (t("biaya termurah menuju target"), "target"),
            (t("biaya termurah yang cukup pasti"), "certainty"),
        ]
        bands = [(band.name, band.code) for band in position.instrument.ladder.bands]
        self.goal = self.control(widgets.Dropdown, t("Mencari"), options=goals)
        self.target = self.control(widgets.Dropdown, t("Target"), options=bands)
        self.limited = self.control(widgets.Checkbox, t("batasi anggaran"), indent=True)
        self.budget = self.control(widgets.IntSlider, t("Anggaran"), min=0, max=STEP, step=STEP, readout=False)
        self.budget_said = widgets.HTML()
        self.typed = self.control(
            widgets.Text,
            t("atau ketik"),
            answer=self._typed,
            placeholder=t("600 juta"),
            continuous_update=False,
        )
        self.certainty = self.control(
            widgets.IntSlider, t("Kepastian"), min=50, max=99, readout=False, continuous_update=False
        )
        self.certainty_said = widgets.HTML()
        return [
            self.goal,
            self.target,
            self.limited,
            self.budget,
            self.budget_said,
            self.typed,
            self.certainty,
            self.certainty_said,
        ]

    def _folds(self) -> widgets.Widget:
        """Return what is folded away: decisions, assumptions, and a form for own actions, made when it is opened."""
        self.own: OwnActions | None = None
        place = widgets.VBox([])
        titles = [t("Pagu dan keputusan"), t("Asumsi"), t("Kegiatan sendiri")]
        folds = widgets.Accordion([self._decisions(), self._assumptions(), place], titles=titles)

        def opened(change: Any) -> None:
            if change["new"] == 2 and self.own is None:
                self.own = OwnActions(self.simulator.position.instrument, self._own_saved)
                self.own.offer(self._base.catalogue, self.simulator.catalogue(self._base.catalogue))
                place.children = [self.own.widget]

        folds.observe(opened, "selected_index")
        return folds

    def _own_saved(self, name: str) -> None:
        """Plan with a catalogue that was just changed."""
        self.simulator.forget(name)
        self._replace(self.scenario.model_copy(update={"catalogue": name}))

    def _decisions(self) -> widgets.Widget:
        """Return what is decided already: ceilings, actions that must or must not be there, budgets that may come."""
        ceilings, named = self._offered(self.simulator.catalogue(self._first.catalogue))
        self.ceilings = Chosen(t("Pagu"), t("Tambah pagu"), ceilings, self._moved, amount=True, say=self._say)
        self.must = Chosen(t("Wajib"), t("Tambah yang wajib"), named, self._moved)
        self.must_not = Chosen(t("Dilarang"), t("Tambah yang dilarang"), named, self._moved)
        self.either_or = Chosen(t("Maks. satu"), t("Tambah kelompok ini"), named, self._moved, groups=True)
        self.exactly_one = Chosen(t("Tepat satu"), t("Tambah kelompok ini"), named, self._moved, groups=True)
        self.budgets = self.control(
            widgets.Text,
            t("Kemungkinan"),
            placeholder=t("300 juta=0,4; 600 juta=0,6"),
            continuous_update=False,
        )
        self._lists = (self.ceilings, self.must, self.must_not, self.either_or, self.exactly_one)
        hint = t(
            "Belum pasti anggaran mana yang turun? Tulis yang mungkin dan bobotnya (jumlahnya 1); tab “Bila dipotong” lalu "
            "memberi urutan yang terbaik untuk semuanya."
        )
        said = widgets.HTML(f'<p class="kla-hint">{escape(hint)}</p>')
        return widgets.VBox([*(one.widget for one in self._lists), self.budgets, said])

    def _offered(self, catalogue: Catalogue) -> tuple[Options, Options]:
        """Return what may have a ceiling, and the actions, as the lists offer them."""
        named = [(f"{code} {name}", code) for code, name in catalogue.actions["name"].items()]
        ceilings: Options = [(f"{name}", ("agencies", name)) for name in catalogue.names("agency")]
        ceilings += [
            (t("Sumber dana {name}", name=name), ("funding_sources", name))
            for name in catalogue.names("funding_source")
        ]
        ceilings += [(t("Tahun {year}", year=year), ("years", int(year))) for year in catalogue.names("year")]
        return ceilings, named

    def _assumptions(self) -> widgets.Widget:
        """Return what is taken for granted: how much of a score lasts, what verifiers accept, what actions cost."""
        self.retention = self.control(
            widgets.IntSlider, t("Bertahan"), min=0, max=100, readout=False, continuous_update=False
        )
        self.retention_said = widgets.HTML()
        self.acceptance = self.control(
            widgets.Dropdown,
            t("Penerimaan"),
            options=[
                (t("penuh"), "full"),
                (t("menurut peluang rendah"), "low"),
                (t("menurut peluang biasa"), "likely"),
                (t("menurut peluang tinggi"), "high"),
            ],
        )
        self.cost = self.control(
            widgets.Dropdown,
            t("Biaya"),
            options=[(t("rendah"), "low"), (t("biasa"), "likely"), (t("tinggi"), "high")],
        )
        self.catalogue = self.control(widgets.Dropdown, t("Katalog"), options=[""])
        return widgets.VBox([self.retention, self.retention_said, self.acceptance, self.cost, self.catalogue])

    def _offer_catalogues(self, wanted: str) -> None:
        """Offer the catalogues of the project for this instrument, and the one that is asked for."""
        known = known_catalogues(self.simulator.position.instrument)
        known += [wanted] if wanted and wanted not in known else []
        # Empty is the project's own: the first of them.
        self.catalogue.options = [
            (Path(name).name, name if at or self._first.catalogue else "") for at, name in enumerate(known)
        ]
        values = [value for _, value in self.catalogue.options]
        self.catalogue.value = wanted if wanted in values else values[0]

    def _scenarios(self, choices: list[tuple[str, str]]) -> list[widgets.Widget]:
        """Return what goes back to a scenario, opens another, and hands out files.

        Args:
            choices: the scenarios of the project, as a list to choose from.
        """
        auto = widgets.Layout(width="auto")
        row = widgets.Layout(flex_flow="row wrap", align_items="center")
        self.reset = widgets.Button(description=t("Kembali ke awal"), layout=auto)
        self.undo = widgets.Button(description=t("Urungkan"), layout=auto, disabled=True)
        self.reset.on_click(lambda _: self._replace(self._first))
        self.undo.on_click(lambda _: self._back())
        self.load = self.control(widgets.Dropdown, t("Skenario"), answer=self._loaded, options=choices)
        self.upload = widgets.FileUpload(accept=".yaml,.yml", description=t("Buka berkas"), layout=auto)
        self.upload.observe(self._uploaded, "value")
        self.export = widgets.Button(
            description=t("Siapkan unduhan"), layout=auto, tooltip=t("PNG, SVG, Excel, skenario")
        )
        self.export.on_click(lambda _: self._exported())
        self.files = widgets.HTML()
        return [
            widgets.HBox([self.undo, self.reset], layout=row),
            self.load,
            widgets.HBox([self.upload, self.export], layout=row),
            self.files,
        ]

    def _picture(self) -> widgets.Widget:
        """Return what is looked at first: messages, the answer in words, the picture in two layers."""
        self.where, self.active, self.message, self.headline = (widgets.HTML() for _ in range(4))
        self.headline.add_class("kla-said")
        self.more, self.less = self._step(NEXT_STEP), self._step(-NEXT_STEP)
        self.progress = widgets.FloatProgress(
            min=0, max=1, description=t("Menghitung"), layout=widgets.Layout(width="100%")
        )
        self.still = widgets.HTML(layout=widgets.Layout(grid_area="a", width="100%", margin="0"))
        self.moving = widgets.HTML(layout=widgets.Layout(grid_area="a", width="100%", margin="0"))
        picture = widgets.GridBox(
            [self.still, self.moving],
            layout=widgets.Layout(grid_template_areas='"a"', grid_template_columns="minmax(0, 1fr)", width="100%"),
        )
        picture.add_class("kla-board").add_class("kla-scroll")
        return widgets.VBox(
            [self.where, self.message, self.headline, self.more, self.less, self.active, self.progress, picture],
            layout=widgets.Layout(flex="2 1 460px", max_width="680px", min_width="0", margin="0 0 0 12px"),
        )

    def _step(self, money_more: int) -> widgets.Button:
        """Return a button that changes the budget; what that brings stands on it."""
        button = widgets.Button(layout=widgets.Layout(width="auto"))
        button.add_class("kla-long")
        button.on_click(lambda _: self._spend_more(money_more))
        return button

    def _tables(self, choices: list[tuple[str, str]]) -> widgets.Widget:
        """Return the tabs under the picture; each page is made when it is looked at."""
        self.compared = widgets.Dropdown(
            description=t("Bandingkan"),
            options=choices,
            layout=widgets.Layout(width="400px", max_width="calc(100% - 6px)"),
            style={"description_width": LABEL_WIDTH},
        )
        self.compared.observe(lambda _: self._show_tab(), "value")
        self._pages: list[tuple[str, widgets.HTML, Callable[[Simulation], Sequence[Shown]]]] = [
            (title, widgets.HTML(), parts)
            for title, parts in (
                (t("Rencana"), lambda a: [plan_table(a.funded, a)]),
                (t("Menurut komponen"), lambda a: [component_change_table(a.components, a)]),
                (
                    t("Siapa dan kapan"),
                    lambda a: [spending_table(a.spending(c), a) for c in ("agency", "year", "funding_source")],
                ),
                (t("Bila dipotong"), lambda a: [cuts_in_words(a), cut_table(a.cuts, a), order_table(a.order, a)]),
                (t("Seberapa kokoh"), lambda a: [core_in_words(a), core_table(a.core, a), regret_table(a.regret, a)]),
                (t("Bukti"), lambda a: [evidence_in_words(a), evidence_table(a.evidence, a)]),
                (t("Bandingkan"), self._comparison),
            )
        ]
        self._quick = {name for name, *_ in self._pages[:3]}
        shown = [page for _, page, _ in self._pages]
        shown[-1] = widgets.VBox([self.compared, shown[-1]])
        self.tabs = widgets.Tab(shown, titles=[title for title, *_ in self._pages])
        self.tabs.observe(lambda _: self._show_tab(), "selected_index")
        return self.tabs

    @property
    def scenario(self) -> Scenario:
        """What the controls ask for.

        Raises:
            ParameterError: they contradict each other.
        """
        ceilings: dict[str, dict[Any, int]] = {"agencies": {}, "funding_sources": {}, "years": {}}
        for (kind, name), rupiah in self.ceilings.value.items():
            ceilings[kind][name] = rupiah
        base = self._base.model_dump(exclude_unset=True)
        return check_scenario(
            base
            | {
                "goal": self.goal.value,
                "target": self.target.value,
                "catalogue": self.catalogue.value,
                "budget": self.budget.value if self.limited.value else None,
                "certainty": self.certainty.value / 100,
                "retention": self.retention.value / 100,
                "acceptance": self.acceptance.value,
                "cost": self.cost.value,
                "must": tuple(self.must.value),
                "must_not": tuple(self.must_not.value),
                "either_or": tuple(self.either_or.value),
                "exactly_one": tuple(self.exactly_one.value),
                "budgets": read_budgets(self.budgets.value),
                **ceilings,
            }
        )

    def _put(self, scenario: Scenario) -> None:
        """Set all controls to a scenario, without answering in between."""
        with self.quietly():
            self._base = scenario
            self._offer_catalogues(scenario.catalogue)
            self.goal.value = scenario.goal
            self.target.value = scenario.target or self._first.target
            self.limited.value = scenario.budget is not None
            if scenario.budget is not None:
                self.budget.max = max(self.budget.max, scenario.budget)
                self.budget.value = scenario.budget
            self.typed.value = ""
            self.certainty.value = round(scenario.certainty * 100)
            self.retention.value = round(scenario.retention * 100)
            self.acceptance.value, self.cost.value = scenario.acceptance, scenario.cost
            self.must.value, self.must_not.value = list(scenario.must), list(scenario.must_not)
            self.either_or.value = list(scenario.either_or)
            self.exactly_one.value = list(scenario.exactly_one)
            self.budgets.value = budgets_in_words(scenario.budgets)
            self.ceilings.value = {
                (kind, name): rupiah
                for kind in ("agencies", "funding_sources", "years")
                for name, rupiah in getattr(scenario, kind).items()
            }

    # --- what people do -------------------------------------------------------------------------

    def _moved(self, change: Any = None) -> None:
        if self.unheard:
            return
        owner = change and change["owner"]
        if owner is self.budget:
            self._spend()
        elif owner is self.goal:
            # Who asks for the cheapest plan wants no ceiling yet.
            with self.quietly():
                self.limited.value = self.goal.value == "points"
        self._changed()

    def _spend(self) -> None:
        """Take a budget that was pulled or typed: as the ceiling where there is one, else as the question."""
        if not self.limited.value:
            with self.quietly():
                self.goal.value, self.limited.value = "points", True

    def _typed(self, change: Any) -> None:
        if self.unheard:
            return
        try:
            rupiah = read_money(change["new"])
        except ValueError as error:
            self._say(str(error))
            return
        self._spend_on(rupiah)

    def _spend_on(self, rupiah: int) -> None:
        with self.quietly():
            self.budget.max = max(self.budget.max, rupiah)
            self.budget.value = rupiah
        self._spend()
        self._changed()

    def _spend_more(self, rupiah: int) -> None:
        if self.answer is not None:
            self._spend_on(self.answer.budget + rupiah)

    def visit(self, said: Mapping[str, str]) -> None:
        """Show what an address says; where it says nothing, or nothing that can be, all stays as it is."""

        def go() -> None:
            scenario = address.scenario_of(said)
            if scenario is not None and scenario != self._shown:
                self._require_known(scenario.catalogue)
                self._replace(scenario)

        self._try(go)

    def _require_known(self, catalogue: str) -> None:
        """Refuse a catalogue that an address names and that is none of the project's: an address opens no folder."""
        if catalogue not in {"", self._first.catalogue, *known_catalogues(self.simulator.position.instrument)}:
            raise ParameterError(t("Katalog “{name}” tidak ada.", name=catalogue))

    def _loaded(self, change: Any) -> None:
        if change["new"]:
            self._try(lambda: self._replace(load_scenario(change["new"])))

    def _uploaded(self, change: Any) -> None:
        if change["new"]:
            file = change["new"][0]
            self._try(lambda: self._replace(read_scenario(bytes(file["content"]), shown=file["name"])))

    def _replace(self, scenario: Scenario) -> None:
        self.simulator.ground(scenario)  # refused before any control moves
        self._put(scenario)
        self._changed()

    def _back(self) -> None:
        if self._past:
            before = self._past.pop()
            self._shown = None
            self._put(before)
            self._changed()

    def _refuse(self, error: KlaError) -> None:
        self._say("\n".join([error.what, *map(self._at_field, error.problems)]) if error.problems else str(error))

    def _at_field(self, problem: Problem) -> str:
        """Word a problem for the fields of this page."""
        field = {
            "budgets": self.budgets,
            "certainty": self.certainty,
            "retention": self.retention,
            "target": self.target,
        }
        found = field.get((problem.column or "").partition(".")[0])
        if found is None or problem.file:
            return f"• {problem}"
        return "• " + t(
            "isian “{field}”: {what} → {advice}", field=found.description, what=problem.what, advice=problem.advice
        )

    def _say(self, what: str, kind: str = "remark") -> None:
        text = part(Text(tuple(filter(None, what.splitlines())), kind=kind)) if what else ""
        self.message.value = f'<div role="status" aria-live="polite">{text}</div>'

    # --- what is shown --------------------------------------------------------------------------

    def _changed(self) -> None:
        """Answer what the controls ask for, and show it."""
        with self._lock:
            self._try(self._answer)
            self._label()

    def _answer(self) -> None:
        scenario = self.scenario
        ground = self.simulator.ground(scenario)
        if ground is not self._ground:
            self._begin(ground)
        if scenario.goal == "certainty":
            self._say(t("Mencari rencana yang cukup pasti; beberapa detik …"))
        answer = self.simulator.run(scenario)
        self._remember(scenario)
        self.answer = answer
        self._draw(answer)  # first: it is what the eye follows
        self._tell(answer)
        self._show_tab()

    def _tell(self, answer: Simulation) -> None:
        """Say an answer in words."""
        if answer.plan.status == "infeasible":
            self._say(repr(plan_in_words(answer)))
            words = [t("Tidak ada rencana dalam batas ini")]
        else:
            self._say("")
            words = [finding(answer), *self._less_sure(answer), *_unknown(answer), proof(answer.plan)]
        mark = address.mark(address.of_scenario(answer.scenario), self._steps)
        self.headline.value = _headline(sought(answer), *words) + mark
        self._tell_steps(answer)

    def _tell_steps(self, answer: Simulation) -> None:
        """Write on both buttons what a little more or less money changes."""
        for button, more in ((self.more, NEXT_STEP), (self.less, -NEXT_STEP)):
            # Going down is planned again only where that takes no time.
            there = not answer.infeasible and (more > 0 or (answer.ground.ready and answer.budget + more >= 0))
            button.layout.display = None if there else "none"
            if there:
                step = answer.next_step if more > 0 else answer.with_budget(answer.budget + more)
                button.description = _step_in_words(more, step, answer)

    def _less_sure(self, answer: Simulation) -> list[str]:
        """Say why a plan that costs more is less sure than a cheaper one, where it is."""
        board = self._board
        if answer.ground.ready is None or board is None:
            return []
        steps = board.answer.chances
        surer = steps[(steps["cost"] < answer.plan.cost) & (steps["probability"] > answer.chance.probability + 0.005)]
        if surer.empty:
            return []
        best = surer.loc[surer["probability"].idxmax()]
        return [
            t(
                "Lebih mahal belum tentu lebih pasti: untuk {cost} peluangnya {chance}. Rencana di sini dipilih menurut poinnya "
                "bila semua diterima; kegiatan yang poinnya banyak bisa lebih sering ditolak verifikator.",
                cost=money(best["cost"]),
                chance=likely(best["probability"]),
            )
        ]

    def _remember(self, scenario: Scenario) -> None:
        """Keep what was asked before, for undo; one pull of the slider counts as one step."""
        before, now = self._shown, time.monotonic()
        if before is not None and before != scenario:
            pulled = before.model_copy(update={"budget": scenario.budget}) == scenario
            if not (pulled and self._pulled and now - self._when < _PULL):
                self._past.append(before)
                self._steps += 1
            self._pulled = pulled
        self._shown, self._when = scenario, now

    def _begin(self, ground: Ground) -> None:
        """Start on new assumptions: the staircase is climbed in the background, and then drawn."""
        self._ground, self._board = ground, None
        self._base = self._base.model_copy(update={"catalogue": self.catalogue.value})
        catalogue = self.simulator.catalogue(self.catalogue.value)
        ceilings, named = self._offered(catalogue)
        for chosen, options in zip(self._lists, (ceilings, *[named] * 4), strict=True):
            chosen.offer(options)
        if self.own is not None and self.own.catalogue is not catalogue:
            self.own.offer(self.catalogue.value, catalogue)
        position, badge = ground.position, badges(ground.position, ground.model.catalogue)
        about = (position.area.name, str(position.award_year), position.instrument.stage(position.stage).name)
        self.where.value = f'<p class="kla-where"><strong>{escape(" · ".join(about))}</strong>' + (
            f' <strong class="kla-badge">{escape(badge)}</strong></p>' if badge else "</p>"
        )
        self.progress.value, self.progress.layout.display = 0, ""

        def climb() -> None:
            def told(share: float) -> None:
                self.progress.value = share

            try:
                ground.climb(told)
                ground.outcomes.warm(ground.climb().steps["actions"].map(ground.model.indices))
            except KlaError as error:
                self._say(str(error))
            with self._lock:
                if ground is self._ground and self.answer is not None:
                    self.progress.layout.display = "none"
                    self._draw(self.answer)
                    self._show_tab()

        self.climbing = threading.Thread(target=climb, daemon=True)
        self.climbing.start()

    def _draw(self, answer: Simulation) -> None:
        """Draw an answer: the still picture only where it changed, then the marks."""
        far = max(reach(answer.ground, answer.target), answer.scenario.budget or 0)
        board = self._board
        climbed = not self.climbing.is_alive() or threading.current_thread() is self.climbing
        asked = (answer.goal, answer.scenario.goal, far, climbed)
        if board is None or (board.answer.goal, board.answer.scenario.goal, board.far, board.climbed) != asked:
            board = self._board = Board(answer, far, climbed=climbed)
            self.still.value = board.svg()
            with self.quietly():
                self.budget.max = -(-far // STEP) * STEP
        if not self.limited.value:
            with self.quietly():  # the slider waits where the plan is, so that pulling it starts there
                self.budget.value = min(answer.plan.cost, self.budget.max)
        self.moving.value = board.moving(answer)

    def _label(self) -> None:
        self.budget_said.value = _beside(money(self.budget.value) if self.limited.value else t("tanpa pagu"))
        self.certainty_said.value = _beside(percent(self.certainty.value / 100))
        self.certainty.disabled = self.goal.value != "certainty"
        kept = self._ground.model.kept_share if self._ground is not None else 1.0
        self.retention_said.value = _beside(
            percent(self.retention.value / 100)
            if self.retention.value
            else t("sesuai tahap lembar: {share}", share=percent(kept))
        )
        self.undo.disabled = not self._past
        limits = self._limits()
        said = t("Yang berlaku: {limits}.", limits="; ".join(limits)) if limits else ""
        self.active.value = f'<p class="kla-hint">{escape(said)}</p>' if said else ""

    def _limits(self) -> list[str]:
        """Say which limits and assumptions are in force, as they stand in the folds."""
        chosen = [
            *self.ceilings.shown,
            *(t("wajib: {name}", name=name) for name in self.must.shown),
            *(t("dilarang: {name}", name=name) for name in self.must_not.shown),
            *(t("paling banyak satu dari: {name}", name=name) for name in self.either_or.shown),
            *(t("tepat satu dari: {name}", name=name) for name in self.exactly_one.shown),
        ]
        if self.budgets.value:
            chosen.append(t("anggaran yang mungkin: {budgets}", budgets=self.budgets.value))
        if self.retention.value:
            chosen.append(t("bertahan {share}", share=percent(self.retention.value / 100)))
        if self.catalogue.value:
            chosen.append(t("katalog {name}", name=self.catalogue.label))
        for control, usual in ((self.acceptance, "full"), (self.cost, "likely")):
            if control.value != usual:
                chosen.append(f"{control.description.lower()} {control.label}")
        return chosen

    def _show_tab(self) -> None:
        """Make the page that is looked at; the others wait until they are, and one that takes a while says so."""
        if self.answer is None:
            return
        if self._waiting is not None:
            self._waiting.cancel()
        name, page, parts = self._pages[self.tabs.selected_index or 0]
        answer = self.answer
        if answer.plan.status == "infeasible":
            page.value = part(plan_in_words(answer))
        elif name in self._quick:
            page.value = "\n".join(map(part, parts(answer)))
        else:
            page.value = status(t("Menghitung “{name}” …", name=name), "plain")
            self._waiting = threading.Timer(_REST, self._fill, (answer, page, parts))
            self._waiting.daemon = True
            self._waiting.start()

    def _fill(self, answer: Simulation, page: widgets.HTML, parts: Callable[[Simulation], Sequence[Shown]]) -> None:
        try:
            shown = "\n".join(map(part, parts(answer)))
        except KlaError as error:
            shown = status(str(error))
        if answer is self.answer:
            page.value = shown

    def _comparison(self, answer: Simulation) -> Sequence[Shown]:
        if not self.compared.value:
            return [Text((t("Pilih skenario untuk dibandingkan dengan yang sekarang."),))]
        try:
            other = self.simulator.run(load_scenario(self.compared.value), self._first.target)
        except KlaError as error:
            return [Text((str(error),), kind="remark")]
        if other.plan.status == "infeasible":
            return [plan_in_words(other)]
        return [
            difference_in_words(answer, other),
            difference_chart(answer, other),
            difference_table(answer, other),
        ]

    def _exported(self) -> None:
        """Offer the picture, the workbook and the scenario as files that need no server."""
        from kla_analysis.showing.plan import plan_workbook

        answer, board = self.answer, self._board
        if answer is None or board is None or answer.plan.status == "infeasible":
            self.files.value = t("Tidak ada rencana untuk diunduh.")
            return
        chart = Board(answer, board.far, finding(answer)).chart(answer)
        self.files.value = links(
            {
                "rencana.png": chart.png(),
                "rencana.svg": chart.svg(),
                "rencana.xlsx": plan_workbook(answer),
                "skenario.yaml": answer.scenario.to_yaml().encode(),
            }
        )


def _step_in_words(more: int, step: Mapping[str, Any], answer: Simulation) -> str:
    words = {"money": money(abs(more)), "points": signed(step["points"])}
    said = t("Tambah {money}: {points} poin", **words) if more > 0 else t("Kurangi {money}: {points} poin", **words)
    come, go = (_named(step[which], answer) for which in ("come", "go"))
    return ", ".join(
        filter(None, (said, come and t("masuk: {names}", names=come), go and t("keluar: {names}", names=go)))
    )


def _named(codes: Sequence[str], answer: Simulation) -> str:
    """Name actions, codes behind their names."""
    names = answer.model.catalogue.actions["name"]
    said = "; ".join(f"{names[code]} ({code})" for code in codes[:_NAMED])
    rest = len(codes) - _NAMED
    return t("{names}; dan {count} kegiatan lain", names=said, count=rest) if rest > 0 else said


def _unknown(answer: Simulation) -> list[str]:
    """Say how many points hang on answers that nobody has given: no plan counts on them."""
    unknown = answer.ground.position.unknown_points
    return [t("{points} poin belum dijawab, jadi tidak dihitung.", points=number(unknown))] if unknown else []


def _headline(asked: str, first: str, *rest: str) -> str:
    said = "".join(f"<p>{escape(text)}</p>" for text in rest if text)
    return f"<h2><small>{escape(asked)}</small> {escape(first)}</h2>{said}"


def _beside(text: str) -> str:
    """Return a number that stands under its slider."""
    return f'<p style="margin:0 0 6px 116px;font-weight:600">{text}</p>'
