"""Work of several robots in one task, as one of them sees it: roles, barriers, losses."""
