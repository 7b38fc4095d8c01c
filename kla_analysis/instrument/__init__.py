"""Rules: the instrument of an award year and the bands of its predicates, all of it data."""
