"""Report: one report, from typed parameters to pages, documents and a manifest."""

import sys

# Checks of international web addresses, which no notebook has; its grammar takes longer to load than all of nbformat,
# which asks for it. So this stands where everything of a report is imported from.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
