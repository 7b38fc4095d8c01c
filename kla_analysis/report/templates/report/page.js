// What script adds to a page: without it every row stands there, and no budget can be tried.
"use strict";
{
  // Lists of rows: by words, by part of the page, by who answers, by what is lost.
  const form = document.querySelector(".kla-search");
  if (form) {
    const {agency, score, lost} = form.dataset, said = form.querySelector("output");
    const lists = [...document.querySelectorAll(".kla-list")].map(list => [list, [...list.querySelectorAll("tbody tr")].map(row => ({
      row, words: row.textContent.toLowerCase(), agencies: agency ? row.cells[agency].textContent.split(", ") : [],
      answered: !score || "value" in row.cells[score].dataset, lost: lost ? +row.cells[lost].dataset.value > 0 : true,
    }))]);
    const chosen = name => form.elements[name]?.value ?? "";
    const search = () => {
      const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
      const [part, who, state] = ["part", "agency", "state"].map(chosen);
      let found = 0;
      for (const [list, rows] of lists) {
        let here = 0;
        for (const {row, ...one} of rows) {
          const fits = words.every(word => one.words.includes(word)) && (!part || part === list.id) && (!who || one.agencies.includes(who))
            && (!state || (state === "lost" ? one.lost : !one.answered));
          row.hidden = !fits;
          here += fits;
        }
        list.hidden = rows.length && !here;
        found += here;
      }
      said.textContent = `${found} ${said.dataset.word}`;
    };
    form.hidden = false;
    form.addEventListener("input", search);
    form.addEventListener("submit", event => event.preventDefault());
    search();
  }
  // Another budget: the stairs are in the page, every step of them as the planner has proven it.
  for (const box of document.querySelectorAll(".kla-whatif")) {
    const {steps, words} = JSON.parse(box.querySelector("script").textContent);
    const [slider, field] = box.querySelectorAll("input"), sentence = box.querySelector(".kla-answer").appendChild(new Text()), spoken = box.querySelector("[role=status]");
    const rows = [...box.querySelectorAll("tbody tr")], rupiah = new Intl.NumberFormat(document.documentElement.lang);
    let budget = +field.value, other = slider, step, asked = 0, later = 0;
    // While the hand moves only the sentence changes; the list and what is read aloud follow when it rests: a list that
    // changes its height moves the whole page below it, on a small phone for longer than a frame.
    const rest = () => {
      clearTimeout(later);
      other.value = budget;  // never the one in which somebody is still writing
      box.dataset.total = step?.total ?? "";
      box.dataset.cost = step?.cost ?? "";
      const funded = new Set(step?.actions);
      rows.forEach((row, at) => { row.hidden = !funded.has(at); });
      spoken.textContent = sentence.data;
    };
    const show = () => {
      asked = 0;
      let low = 0, high = steps.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (steps[middle].cost <= budget) low = middle + 1; else high = middle;
      }
      step = steps[low - 1];
      const rupiahs = `Rp${rupiah.format(budget)}`;
      sentence.data = `${rupiahs}: ${step ? step.said : words.none}`;
      slider.setAttribute("aria-valuetext", rupiahs);
      clearTimeout(later);
      later = setTimeout(rest, 200);
    };
    const ask = from => {
      budget = +from.value;
      other = from === slider ? field : slider;
      asked ||= requestAnimationFrame(show);
    };
    slider.addEventListener("input", () => ask(slider));
    field.addEventListener("input", () => { if (field.validity.valid && field.value !== "") ask(field); });
    box.hidden = false;
    show();
    rest();
  }
}
