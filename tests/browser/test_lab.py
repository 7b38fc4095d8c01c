"""The same pages in JupyterLab: opened, run, a slider pulled, a report followed to its page."""

from browser.driving import App, open_in_lab, plan, until


def test_the_notebook_runs_and_its_slider_plans(context, lab):
    page = context.new_page()
    open_in_lab(page, lab, "notebooks/06_simulasi_anggaran.ipynb")
    app = App(page)
    until(lambda: app.handle.get_attribute("aria-label") == "Anggaran")  # for those who hear the page
    app.drag(0.62)
    until(lambda: app.budget > 600_000_000)
    app.shows(plan("--goal", "points", "--budget", str(app.budget)))


def test_the_launcher_opens_a_finished_report(context, lab):
    page = context.new_page()
    open_in_lab(page, lab, "notebooks/beranda.ipynb")
    page.get_by_role("button", name="Buat laporan", exact=True).click()
    page.get_by_role("button", name="Laporan yang ada").click()
    page.get_by_role("link", name="Buka laporan: Contoh: Kab. Tanah Bumbu 2022").click()
    page.frame_locator("iframe").get_by_role("heading", name="Sebuah laporan").wait_for()
