"""Presenting: figures, tables and sentences in the reader's language; no arithmetic of its own."""
