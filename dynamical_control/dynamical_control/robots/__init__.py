"""Robot drivers: one folder per robot behind one abstract base class."""
