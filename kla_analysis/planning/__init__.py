"""Planning: which actions reach a target, for how much, and how surely."""
