"""The command `kla`: the same answers as the notebooks, for terminals and for machines."""

from kla_analysis.cli.kit import app
from kla_analysis.cli.main import main

__all__ = ["app", "main"]
