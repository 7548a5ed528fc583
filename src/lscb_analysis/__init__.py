"""Statistics of a safeguarding board, from tidy tables to chapters."""
