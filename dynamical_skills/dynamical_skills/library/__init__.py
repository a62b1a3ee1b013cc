"""The skill library: descriptors, the store that keeps them, phrases the router learns from."""
