"""Every recipe at a size that takes a second or two."""

from pathlib import Path

from omegaconf import DictConfig

from riddle_pl.config import compose_jobs

CHANNELS = "{4: 8, 8: 8, 16: 8, 32: 8}"
GENERATOR = (
    "recipe=generator",
    "recipe.size=32",
    "recipe.faces.archives=[faces]",
    f"recipe.channels={CHANNELS}",
    "recipe.batch=4",
    "recipe.drawing.redrawn=2",
    "recipe.drawing.turned=1",
    "recipe.judging.first_step=1",
    "recipe.judging.r1_every=2",
    "recipe.drawing.path_length_every=2",
)
SMALL_METHOD = (
    "recipe.faces.archives=[faces]",
    "recipe.held_out.archives=[faces]",
    "recipe.faces.size=32",
    "recipe.held_out.size=32",
    "recipe.widths=[4, 4, 4]",
    "recipe.batch=4",
)
RECIPES: dict[str, tuple[str, ...]] = {
    "fit_small": ("recipe=fit_small", *SMALL_METHOD),
    "deepprivacy_small": ("recipe=deepprivacy_small", *SMALL_METHOD),
    "ciagan_small": ("recipe=ciagan_small", "recipe.people=3", *SMALL_METHOD),
    "generator": GENERATOR,
    "recogniser": (
        "recipe=recogniser",
        "recipe.faces.archives=[faces]",
        "recipe.held_out.archives=[faces]",
        "recipe.faces.size=32",
        "recipe.held_out.size=32",
        "recipe.size=32",
        "recipe.input_size=[32, 32]",
        "recipe.width=0.125",
        "recipe.batch=4",
    ),
    "encoder": (
        "recipe=encoder",
        "recipe.faces.archives=[faces]",
        "recipe.held_out.archives=[faces]",
        "recipe.faces.size=32",
        "recipe.held_out.size=32",
        f"recipe.channels={CHANNELS}",
        "recipe.batch=2",
    ),
    "parser": (
        "recipe=parser",
        "recipe.faces.size=32",
        "recipe.held_out.size=32",
        "recipe.faces.held_out=0.4",
        "recipe.widths=[2, 4, 4, 4, 4]",
        "recipe.batch=4",
    ),
}
"""Overrides by the name of the test's case."""


def overrides(case: str, data_root: Path, export: Path | None = None) -> list[str]:
    """The command line of a small run."""
    lines = [
        *RECIPES[case],
        f"data.root={data_root}",
        "data.held_out=0.3",
        "trainer.accelerator=cpu",
        "trainer.precision=32-true",
        "checkpoint_every=1",
        "recipe.steps=4",
    ]
    if case == "ciagan_small":
        lines.append(f"recipe.identities={data_root / 'identities.txt'}")
    if case.endswith("_small") and export is not None:
        lines.append(f"recipe.pack.name_or_path={export}")
    if case == "recogniser":
        lines.append(f"recipe.teacher={data_root / 'teacher.ckpt'}")
    return lines if export is None else [*lines, f"export={export}", "export_overwrite=true"]


def small_job(case: str, data_root: Path, export: Path | None = None, *more: str) -> DictConfig:
    """The composed config of it."""
    [cfg] = compose_jobs("pretrain", [*overrides(case, data_root, export), *more])
    return cfg
