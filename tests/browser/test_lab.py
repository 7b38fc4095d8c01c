"""The same notebook in JupyterLab: opened, run, its slider pulled, against `kla plan`."""

from browser.driving import App, open_in_lab, plan, until


def test_the_notebook_runs_and_its_slider_plans(context, lab):
    page = context.new_page()
    open_in_lab(page, lab, "notebooks/06_simulasi_anggaran.ipynb")
    app = App(page)
    until(lambda: app.handle.get_attribute("aria-label") == "Anggaran")  # for those who hear the page
    app.drag(0.62)
    until(lambda: app.budget > 600_000_000)
    app.shows(plan("--goal", "points", "--budget", str(app.budget)))
