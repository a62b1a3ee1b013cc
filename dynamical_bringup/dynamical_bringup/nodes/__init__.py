"""The nodes of this package: thin, they only connect the graph to the rest of it."""
