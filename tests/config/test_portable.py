"""If this fails, model cards name folders of the machine that made them."""

from riddle_pl.config.portable import portable_command


def test_of_paths_elsewhere_the_last_part_is_left_and_local_keys_are_dropped() -> None:
    given = ["audit=parser", "root=/home/me/faces", "out=x", "a.path=../../b/c.ckpt", "recipe.start=runs/last.ckpt"]
    assert portable_command("riddle-audit", given, ("out",)) == (
        "riddle-audit audit=parser root=faces a.path=c.ckpt recipe.start=runs/last.ckpt"
    )


def test_groups_and_flags_stay_as_they_are() -> None:
    assert portable_command("riddle-pretrain", ["recipe=generator", "-m"], ()) == "riddle-pretrain recipe=generator -m"
