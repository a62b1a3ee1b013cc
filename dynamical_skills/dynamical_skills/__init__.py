"""From a sentence to safe joint motion: plan, route, adapt and carry out skills."""
