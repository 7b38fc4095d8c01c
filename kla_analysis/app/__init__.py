"""App: the home page and its pages, the planner and the explorer, and the servers that hand them out."""

# Before the servers load nbformat: what a report leaves out of it took half of a server's start.
import kla_analysis.report  # noqa: F401
