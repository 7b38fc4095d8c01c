"""The illustrative sheet with its catalogue."""

import pytest

import kla_analysis as kla
from kla_analysis.planning.actions import load_catalogue
from kla_analysis.planning.model import Model


@pytest.fixture(scope="session")
def rolled(tanah_bumbu, instrument):
    return kla.roll_up(tanah_bumbu, instrument)


@pytest.fixture(scope="session")
def model(rolled, instrument):
    return Model(rolled, load_catalogue("contoh", instrument))


@pytest.fixture(scope="session")
def position():
    return kla.open_position("63.10", 2022)


@pytest.fixture(scope="session")
def simulator(position):
    return kla.Simulator(position)
