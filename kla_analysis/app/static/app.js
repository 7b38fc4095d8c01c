// What ipywidgets leaves out for those who work by keyboard or ear: the name of a slider's handle, the folds of an
// accordion as buttons, and that a new answer is read aloud. Widgets come late, so it watches.
(() => {
  if (window.klaManners) return;
  const all = (what, mend) => document.querySelectorAll(`.kla-app ${what}`).forEach(mend);
  const mend = () => {
    all(".noUi-handle:not([aria-label])", handle => {
      const label = handle.closest(".widget-inline-hbox")?.querySelector(".widget-label");
      if (label?.textContent) handle.setAttribute("aria-label", label.textContent);
    });
    all(".jupyter-widget-Collapse-header", header => {
      const open = String(header.parentElement.classList.contains("jupyter-widget-Collapse-open"));
      if (header.getAttribute("aria-expanded") === open) return;
      header.setAttribute("aria-expanded", open);
      header.setAttribute("role", "button");
      header.tabIndex = 0;
      header.onkeydown = pressed => {
        if (pressed.key !== "Enter" && pressed.key !== " ") return;
        pressed.preventDefault();
        header.click();
      };
    });
    all('.widget-label[title="null"]', label => label.removeAttribute("title"));
    all(".kla-said:not([aria-live])", said => said.setAttribute("aria-live", "polite"));
    all(".kla-board:not([tabindex])", board => {
      board.tabIndex = 0;  // it scrolls on a narrow screen, by keys too
      board.setAttribute("role", "region");
      board.setAttribute("aria-label", document.querySelector(".kla-app .kla-where")?.textContent || "KLA");
    });
    note();
  };

  // The address of a page of our own says what it shows. A pull of the slider passes many states; the last one is kept.
  const ours = document.body.dataset.voila;
  const plain = query => String(new URLSearchParams(query));
  let soon, steps = [], awaited, kept = plain(location.search);
  const keep = () => {
    const marks = [...document.querySelectorAll(".kla-app .kla-state")];
    if (!marks.length) return;
    const said = new URLSearchParams();
    const key = new URLSearchParams(location.search).get("token");
    if (key) said.set("token", key);
    marks.forEach(mark => new URLSearchParams(mark.dataset.query).forEach((value, name) => said.set(name, value)));
    const now = marks.map(mark => Number(mark.dataset.step));
    // Who went back waits until the page shows what the address says; until then it says nothing of its own.
    if (awaited && String(said) !== kept && Date.now() < awaited) return note();
    if (awaited) steps = now;
    awaited = 0;
    if (String(said) !== kept) {
      kept = String(said);
      // A mark that is only just there completes what the address says; one that has gone on is a step to go back over,
      // also where somebody was quicker than the first look at it.
      history[now.some((step, at) => step > (steps[at] ?? 0)) ? "pushState" : "replaceState"](null, "", `?${kept}`);
    }
    steps = now;
  };
  const note = () => {
    if (!ours) return;
    clearTimeout(soon);
    soon = setTimeout(keep, 300);
  };
  addEventListener("popstate", () => {
    const field = document.querySelector(".kla-app .kla-visited input");
    if (!ours || !field) return;
    kept = plain(location.search);
    awaited = Date.now() + 15000;
    field.value = `${location.search}&visit=${Date.now()}`;
    field.dispatchEvent(new Event("input", {bubbles: true}));
    field.dispatchEvent(new Event("change", {bubbles: true}));
  });

  window.klaManners = new MutationObserver(mend);
  window.klaManners.observe(document.body, {childList: true, subtree: true, attributeFilter: ["class"]});
  mend();
})();
