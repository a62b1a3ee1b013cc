# Source this (bash or zsh):  . ./env.sh
# Afterwards `dynamical`, Python and the built workspace are found. Run `make setup` once before.

_dynamical_root="$(cd "$(dirname "${BASH_SOURCE[0]:-${(%):-%x}}")" && pwd)" 2>/dev/null
if [ ! -x "$_dynamical_root/.venv/bin/python" ] || [ ! -e "$_dynamical_root/install/setup.sh" ]; then
  echo "the workspace is not set up; run: make -C $_dynamical_root setup" >&2
else
  [ -e /opt/ros/jazzy/setup.sh ] && . /opt/ros/jazzy/setup.sh
  . "$_dynamical_root/.venv/bin/activate"
  COLCON_CURRENT_PREFIX="$_dynamical_root/install" . "$_dynamical_root/install/setup.sh"
  # Nothing is offered beyond this machine unless asked for.
  export ROS_AUTOMATIC_DISCOVERY_RANGE="${ROS_AUTOMATIC_DISCOVERY_RANGE:-LOCALHOST}"
  export MUJOCO_GL="${MUJOCO_GL:-egl}"
fi
unset _dynamical_root
