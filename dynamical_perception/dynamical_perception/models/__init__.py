"""Learned models. They need the dependency group ``learning``; nothing else imports them."""
