from pathlib import Path

import pytest

from fluent_connect.app import disk


def test_room_is_told_of_a_place_that_is_not_there_yet(tmp_path: Path) -> None:
    room = disk.room(tmp_path / "not" / "there")
    assert 0 < room.used < 1
    assert room.free > 0


@pytest.mark.parametrize(
    ("kind", "said"),
    [("ext4", None), ("tmpfs", "memory"), ("overlay", "container"), ("nfs4", "network")],
)
def test_a_place_that_would_not_survive_is_named(
    tmp_path: Path, kind: str, said: str | None
) -> None:
    mounts = tmp_path / "mounts"
    point = str(tmp_path.resolve()).replace(" ", "\\040")
    mounts.write_text(
        f"rootfs / xfs rw 0 0\nthis {point} {kind} rw 0 0\nother /elsewhere zfs 0 0\n"
    )
    told = disk.danger(tmp_path / "data", mounts)
    assert (told is None) == (said is None)
    assert said is None or said in str(told)


def test_a_system_that_does_not_say_is_trusted(tmp_path: Path) -> None:
    assert disk.danger(tmp_path, tmp_path / "no-mounts") is None


def test_the_innermost_mount_counts_and_a_like_name_does_not(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    here = tmp_path.resolve()
    mounts.write_text(f"a / ext4 rw\nb {here}/data tmpfs rw\nc {here}/dat tmpfs rw\n")
    assert disk.file_system(here / "database", mounts) == "ext4"
