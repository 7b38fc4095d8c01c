"""Showing: words, tables, charts and workbooks, one room a subject; no arithmetic of its own."""
