# kla_analysis: `make` lists what there is. Every target that needs Python sets it up by itself, once.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
AREA ?= 63.10
YEAR ?= 2022
TARGET ?= nindya
CLUSTER ?= all

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# What tests and checks need, on top of that.
DEV := $(VENV)/.ready-dev

PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
# On all processors, where pip compiles on one; a library's file for another Python is none of ours.
COMPILE := $(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null 2>&1 || true

# A folder that was moved or copied brings a .venv that still runs the old place: set it up anew.
MOVED := $(shell test ! -e $(READY) || grep -qsF -- "-m venv $$(pwd -P)/$(VENV)" $(VENV)/pyvenv.cfg || echo moved)
# Where HOME cannot be written, what matplotlib and IPython keep goes into .venv.
ifneq ($(shell test -w "$$HOME" || echo no),)
export MPLCONFIGDIR ?= $(CURDIR)/$(VENV)/matplotlib
export IPYTHONDIR ?= $(CURDIR)/$(VENV)/ipython
endif

.PHONY: help
help: ## daftar perintah ini
	@echo "kla_analysis: dari lembar evaluasi KLA ke posisi, kelemahan, dan jarak ke target"
	@echo
	@grep -E '^[a-z-]+:.*## ' Makefile | while IFS= read -r line; do \
	    printf '  make %-13s %s\n' "$${line%%:*}" "$${line##*## }"; done
	@echo
	@echo "Contoh: make report AREA=63.10 YEAR=2022 TARGET=nindya CLUSTER=K2"

.PHONY: report
report: $(READY) ## buat laporan (Tanah Bumbu 2022 menuju Nindya) di reports/
	@$(BIN)/kla report --area '$(AREA)' --year '$(YEAR)' --target '$(TARGET)' --cluster '$(CLUSTER)'

# Tests that need a browser: without one they are left out, loudly; where CI runs, they fail.
BROWSER := $(shell command -v "$${KLA_CHROMIUM:-chromium-headless-shell}" || command -v chromium || command -v chromium-browser || command -v google-chrome)
BROWSERLESS := $(if $(BROWSER)$(CI),,--ignore=tests/browser)

.PHONY: test
test: export KLA_LANG :=
test: $(DEV) ## jalankan semua uji; yang lama dengan make thorough dan make chaos
	@echo "==> Menjalankan semua uji (beberapa menit)"
	@$(if $(BROWSERLESS),echo "    Chromium tidak ada: uji peramban TIDAK dijalankan. Memasangnya: make browser")
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not long" $(BROWSERLESS)

.PHONY: browser
browser: ## pasang Chromium untuk uji peramban (Debian/Ubuntu; perlu sudo)
	@command -v apt-get >/dev/null || { echo "Pasang Chromium atau Google Chrome sendiri, lalu jalankan: make test"; exit 1; }
	@$(if $(filter 0,$(shell id -u)),,sudo) apt-get update -qq
	@for one in chromium-headless-shell chromium chromium-browser; do \
	    $(if $(filter 0,$(shell id -u)),,sudo) apt-get install -y $$one && exit 0; done; exit 1

.PHONY: check
check: $(DEV) ## periksa gaya, notebook bersih, arah impor, dan tipe
	@echo "==> Gaya (ruff)" && $(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo "==> Notebook tanpa keluaran (nbstripout)" && $(BIN)/nbstripout --verify notebooks/*.ipynb
	@echo "==> Arah impor (import-linter)" && $(BIN)/lint-imports --no-cache
	@echo "==> Tipe (mypy)" && $(BIN)/mypy

.PHONY: measure
measure: $(DEV) ## hitung baris, fungsi, kerumitan, temuan tipe, dan lingkaran impor
	@$(BIN)/python tests/bench/measure.py

.PHONY: start
start: $(READY) ## buka beranda: periksa data, buat laporan, coba anggaran
	@$(BIN)/kla start

.PHONY: lab
lab: $(READY) ## buka notebook di JupyterLab
	@$(BIN)/kla lab

.PHONY: app
app: $(READY) ## buka simulasi anggaran di peramban
	@$(BIN)/kla app --area '$(AREA)' --year '$(YEAR)' --target '$(TARGET)'

.PHONY: bench
bench: export PYTHONPATH := tests
bench: $(DEV) ## ukur kecepatan (beberapa menit)
	@echo "==> Risiko verifikasi" && $(BIN)/python tests/bench/risk.py
	@echo "==> Rencana" && $(BIN)/python tests/bench/plan.py
	@echo "==> PDF dan Excel" && $(BIN)/python tests/bench/documents.py
	@echo "==> Membaca lembar daerah" && $(BIN)/python tests/bench/intake.py
	@echo "==> Lembar kerja" && $(BIN)/python tests/bench/worksheets.py
	@echo "==> Laporan: perintah kla, putaran perintah biasa, dan gambar saja" && $(BIN)/python tests/bench/reports.py

.PHONY: bench-app
bench-app: $(DEV) ## ukur kecepatan simulasi anggaran di peramban
	@PYTHONPATH=tests $(BIN)/python tests/bench/pages.py && PYTHONPATH=tests $(BIN)/python tests/bench/app.py

.PHONY: bench-country
bench-country: $(DEV) ## buat laporan lengkap 514 daerah sintetis (kira-kira satu jam)
	@$(BIN)/python tests/bench/reports.py country

.PHONY: chaos
chaos: $(DEV) ## matikan paksa 20 kali sebuah batch 50 laporan, laporan dan server masing-masing 30 kali, pengumpulan 20 kali
	@KLA_CHAOS_REPORTS=50 KLA_CHAOS_KILLS=20 $(BIN)/python -m pytest -q tests/report/test_batch.py -k killed
	@KLA_CHAOS_MOMENTS=30 $(BIN)/python -m pytest -q -s tests/report/test_kills.py -k killed
	@KLA_CHAOS_MOMENTS=20 $(BIN)/python -m pytest -q -s tests/report/test_collect_kills.py

.PHONY: mutants
mutants: $(DEV) ## rusak COUNT=200 tempat satu per satu (SEED=1, ONLY=analysis/scoring) dan lihat apakah uji mengetahuinya
	@$(BIN)/python tests/mutants.py --count $(or $(COUNT),200) --seed $(or $(SEED),1) --only '$(ONLY)'

.PHONY: thorough
thorough: $(DEV) ## uji yang lama, dan yang diundi sebanyak-banyaknya: rekapitulasi, rencana, layar, bahasa
	@KLA_THOROUGH=1 $(BIN)/python -m pytest -q -s $$(grep -rlE 'often\(|mark\.long' tests --include='test_*.py')

# LibreOffice is not part of the environment and is not installed where CI runs: apt-get install libreoffice-calc python3-uno
.PHONY: office
office: $(DEV) ## isi, pindahkan, saring, simpan lembar dan katalog kita dengan LibreOffice, lalu impor (perlu LibreOffice)
	@$(BIN)/python -m pytest -q tests/office/round_trip.py

# Atheris is not part of the environment: .venv/bin/python -m pip install atheris
.PHONY: fuzz
fuzz: $(DEV) ## acak berkas masukan selama SECONDS detik (perlu atheris)
	@$(BIN)/python tests/fuzz/intake.py $(or $(SECONDS),60)

# Built aside and anew, so that it never tells what changed since the last sample.
.PHONY: sample
sample: export KLA_LANG :=
sample: $(READY) ## buat lagi laporan contoh di reports/contoh
	@rm -rf build/contoh && $(BIN)/kla report --area 63.10 --year 2022 --target nindya --out build/contoh
	@rm -rf reports/contoh && mv build/contoh reports/contoh && rm -rf build
	@echo "Contoh: reports/contoh/index.html"

.PHONY: picture
picture: $(DEV) ## perbarui gambar di docs dari laporan contoh dan aplikasi (perlu chromium)
	@PYTHONPATH=tests $(BIN)/python docs/picture.py

.PHONY: tree
tree: $(READY) ## perbarui pohon proyek di README dan docs/pohon.md dari keterangan setiap berkas
	@$(BIN)/python docs/tree.py

.PHONY: notebooks
notebooks: $(READY) ## catat notebook seperti dikirim (sesudah diubah di proyek ini)
	@$(BIN)/python -m kla_analysis.report.notebooks

.PHONY: strings
strings: $(READY) ## kumpulkan semua teks untuk penerjemah (kla_analysis/locale)
	@$(BIN)/python -m kla_analysis.locale.update

.PHONY: calibration
calibration: $(READY) ## uji lagi prakiraan pada kasus yang belum dilihatnya (data/published/forecast_check.csv)
	@$(BIN)/python -m kla_analysis.analysis.calibration

# Two locks with the same pins: what runs, and all that tests need, too.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
    --custom-compile-command 'make lock' --no-emit-index-url --no-emit-find-links

.PHONY: lock
lock: ## perbarui requirements.lock dan requirements-dev.lock (perlu uv)
	@$(LOCK) --output-file requirements.lock pyproject.toml build-requirements.in
	@$(LOCK) --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml build-requirements.in

.PHONY: clean
clean: ## hapus hasil sementara; laporan, data, dan .venv tetap
	@rm -rf .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache build dist
	@find kla_analysis tests -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Bersih. Laporan di reports/ dan data di data/ tidak disentuh."

.PHONY: distclean
distclean: clean ## hapus .venv juga
	@rm -rf $(VENV)

# The stamp is written last, so that a set-up which was cut off is done again.
moved:
$(READY): requirements.lock pyproject.toml $(MOVED)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "Perlu Python 3.11 atau lebih baru. Debian/Ubuntu: sudo apt install python3 python3-venv"; \
	    echo "Bila Python lain sudah ada: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	    echo "Modul venv tidak ada. Debian/Ubuntu: sudo apt install python3-venv"; exit 1; }
	@echo "==> Menyiapkan lingkungan Python di $(VENV) (sekali saja, satu sampai tiga menit; perlu internet)"
	@rm -rf $(VENV) && $(PYTHON) -m venv $(VENV)
	@echo "==> Memasang pustaka dengan versi dan sidik jari yang terkunci (requirements.lock)"
	@$(PIP) --require-hashes --no-compile -r requirements.lock
	@echo "==> Memasang kla_analysis"
	@$(PIP) --no-build-isolation --no-index -e .
	@$(COMPILE); $(BIN)/python -m compileall -q kla_analysis
	@touch $@
	@echo "==> Siap"

$(DEV): $(READY) requirements-dev.lock
	@echo "==> Memasang yang diperlukan uji dan pemeriksaan (requirements-dev.lock)"
	@$(PIP) --require-hashes --no-compile -r requirements-dev.lock
	@touch $@
