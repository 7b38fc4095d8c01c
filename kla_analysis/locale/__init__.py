"""Translations: one folder per language, its texts in a gettext catalogue."""
