"""The 1 kHz safety gate: what may reach the joints, and how fast."""
