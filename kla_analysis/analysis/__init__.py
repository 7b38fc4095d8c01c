"""Analysis: evidence turned into scores, losses, comparisons and positions; tables in, tables out."""
