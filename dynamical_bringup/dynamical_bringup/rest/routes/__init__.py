"""One file per resource; every handler is one call on the gateway."""
