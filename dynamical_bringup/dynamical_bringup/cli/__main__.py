"""``python -m dynamical_bringup.cli``."""

import sys

from dynamical_bringup.cli.main import main

sys.exit(main())
