"""App: the home page and its pages, the planner and the explorer, and the servers that hand them out."""
