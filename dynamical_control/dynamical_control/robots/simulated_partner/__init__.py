"""The second robot of a simulated world that another driver hosts."""
