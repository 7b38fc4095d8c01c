"""The same notebook in JupyterLab: opened, run, its slider pulled, against `kla plan`."""

from browser.driving import App, plan, until


def test_the_notebook_runs_and_its_slider_plans(context, lab):
    page = context.new_page()
    page.goto(f"{lab.url}lab/tree/notebooks/06_simulasi_anggaran.ipynb?reset")
    page.locator(".jp-Notebook").wait_for(timeout=60_000)
    page.get_by_text("Run", exact=True).first.click()
    page.get_by_text("Run All Cells", exact=True).click()
    app = App(page)
    app.drag(0.62)
    until(lambda: app.budget > 600_000_000)
    app.shows(plan("--goal", "points", "--budget", str(app.budget)))
