"""Pictures of one moment find each other; silence is told."""

from dynamical_perception.cameras.image_sets import ImageSets

MS = 1_000_000


def add_set(sets: ImageSets, stamp: int) -> None:
    for kind in ("color", "depth", "labels"):
        sets.add(kind, stamp, kind)


def test_a_set_is_complete_when_all_its_pictures_are_here_in_any_order():
    sets = ImageSets("head", 0.0)
    assert sets.add("labels", 5 * MS, "l") is None
    assert sets.add("color", 9 * MS, "c2") is None
    assert sets.add("color", 5 * MS, "c") is None
    assert sets.add("depth", 5 * MS, "d") == {"labels": "l", "color": "c", "depth": "d"}


def test_a_set_that_lost_a_picture_is_given_up_when_a_later_one_is_complete():
    sets = ImageSets("head", 0.0)
    sets.add("color", 1 * MS, "c")
    add_set(sets, 2 * MS)
    assert sets.health(0.01).incomplete == 1
    assert sets.add("depth", 1 * MS, "late") is None
    assert sets.add("labels", 1 * MS, "late") is None


def test_pictures_that_never_match_do_not_pile_up():
    sets = ImageSets("head", 0.0)
    for i in range(100):
        sets.add("color", i + 1, "c")
    assert sets.health(1.0).incomplete == 96


def test_a_silent_camera_is_told_with_its_name_and_time():
    sets = ImageSets("room_left", 100.0)
    for i in range(11):
        add_set(sets, 100_000 * MS + i * 100 * MS)
    level, sentence = sets.health(101.05).sentence(silent_after=1.0)
    assert (level, sentence) == ("ok", "10.0 sets per second, newest 50 ms old")
    level, sentence = sets.health(104.2).sentence(silent_after=1.0)
    assert (level, sentence) == ("warn", "camera room_left silent for 3.2 s")


def test_a_camera_that_never_spoke_is_told_too():
    sets = ImageSets("head", 100.0)
    assert sets.health(100.5).sentence(silent_after=1.0)[0] == "ok"
    level, sentence = sets.health(102.0).sentence(silent_after=1.0)
    assert (level, sentence) == ("warn", "camera head has sent nothing for 2.0 s")
