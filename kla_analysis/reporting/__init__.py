"""Reporting: typed parameters in, whole reports out."""
