"""Runs: reports unattended, one or many: supervised, resumed, at night, with notices of what failed."""
