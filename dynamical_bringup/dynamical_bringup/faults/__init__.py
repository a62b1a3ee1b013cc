"""The fault campaign: real faults on the real running graph, each held against what it may lead to."""
