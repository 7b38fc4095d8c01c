"""Report: one report, from typed parameters to pages, documents and a manifest."""
