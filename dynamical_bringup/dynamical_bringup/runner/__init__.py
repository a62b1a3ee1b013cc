"""The local runner: the whole graph on a machine without ``ros2 launch``."""

from dynamical_bringup.runner.console import down as down
from dynamical_bringup.runner.console import up as up
from dynamical_bringup.runner.console import up_detached as up_detached
from dynamical_bringup.runner.platform import Options as Options
from dynamical_bringup.runner.platform import Platform as Platform
from dynamical_bringup.runner.platform import PlatformError as PlatformError
from dynamical_bringup.runner.state import Run as Run
from dynamical_bringup.runner.state import running as running
from dynamical_bringup.runner.state import state_dir as state_dir
from dynamical_bringup.runner.two_robots import TwoRobots as TwoRobots
