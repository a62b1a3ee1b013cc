"""Joint limits from a URDF."""

import numpy as np
import pytest

from dynamical_interfaces.joints import JointLimitsError, load_urdf

URDF = """<robot name="r"><link name="a"/><link name="b"/>
<joint name="fixed" type="fixed"/>
<joint name="elbow" type="revolute"><limit lower="-1" upper="2" velocity="3" effort="4"/></joint>
<joint name="slide" type="prismatic"><limit lower="0" upper="0.1" velocity="0.5" effort="9"/></joint>
</robot>"""


def test_movable_joints_are_read_in_the_order_of_the_file(tmp_path):
    path = tmp_path / "r.urdf"
    path.write_text(URDF)
    limits = load_urdf(path)
    assert limits.names == ("elbow", "slide")
    np.testing.assert_array_equal(limits.lower, [-1, 0])
    np.testing.assert_array_equal(limits.velocity, [3, 0.5])
    assert limits.index("slide") == 1
    with pytest.raises(KeyError, match="'knee'"):
        limits.index("knee")
    with pytest.raises(ValueError, match="read-only"):
        limits.upper[0] = 9.0


def test_a_missing_limit_is_named(tmp_path):
    path = tmp_path / "r.urdf"
    path.write_text(URDF.replace(' effort="4"', ""))
    with pytest.raises(JointLimitsError, match="'elbow' has no limit 'effort'"):
        load_urdf(path)


def test_a_file_that_is_no_urdf_is_named(tmp_path):
    path = tmp_path / "r.urdf"
    path.write_text("<robot")
    with pytest.raises(JointLimitsError, match=r"r\.urdf cannot be read"):
        load_urdf(path)
