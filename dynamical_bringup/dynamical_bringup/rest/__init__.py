"""REST bridge: HTTP in front of the graph, with no logic of its own."""
