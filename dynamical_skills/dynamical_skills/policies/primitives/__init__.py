"""Motion primitives: skills carried out by planning, one class each."""
