"""Runs a Hydra application: checks the config first; user errors are one line with exit status 2."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import hydra
from hydra._internal.utils import get_args_parser
from omegaconf import DictConfig, ListConfig, OmegaConf

from riddle_pl import __version__
from riddle_pl.config.check import require_values
from riddle_pl.config.compose import CONFIG_MODULE, compose_command, lenient_in_sweeps
from riddle_pl.config.help import app_help
from riddle_pl.config.instantiate import instantiate
from riddle_pl.config.ranges import check_ranges
from riddle_pl.config.schema import register_schemas
from riddle_pl.device import check_device
from riddle_pl.errors import ConfigError, DataError, run_cli
from riddle_pl.files import require_place_for_dir
from riddle_pl.launch import one_run_name

Built = TypeVar("Built")
Prepare = Callable[[list[str]], list[str]]
CheckFolder = Callable[[DictConfig, Path], None]


def run_app(
    config_name: str,
    task: Callable[[DictConfig, Built], object],
    check: Callable[[DictConfig], Built],
    prepare: Prepare = lambda overrides: [],
    check_folder: CheckFolder = lambda cfg, folder: None,
) -> None:
    """Composes and checks every job of ``sys.argv``, then lets Hydra run ``task`` on each.

    Args:
        config_name: primary config: ``train``, ``eval`` or ``pretrain``.
        task: called with the config of one job, after Hydra has made its output folder, and with what ``check`` built.
        check: called with the config of every job before anything is written; raises a ``RiddleError``. It returns what
            it has built of the config, so that nothing is built twice.
        prepare: called with the overrides of the command line; returns overrides to prepend.
        check_folder: called with the config of a single job and the folder that Hydra is going to make for it, or to
            write into; raises a ``RiddleError``.
    """

    def check_all(cfg: DictConfig) -> Built:
        check_at_once(cfg)
        return check(cfg)

    run_cli(lambda: _run(config_name, task, check_all, prepare, check_folder))


def check_at_once(cfg: DictConfig) -> None:
    """What can be told of a job's config before PyTorch is imported, which takes seconds.

    Raises:
        RiddleError: a value is missing or out of range; there is no such device, pack or size; there is nothing at
            ``data.root`` or ``train_root``, or no place for ``out``.
    """
    require_values(cfg)
    check_ranges(cfg)
    if "device" in cfg:
        check_device(cfg.device)
    if cfg.get("pack"):
        instantiate(cfg.pack, "pack")
    for key in ("data.root", "train_root"):
        given = OmegaConf.select(cfg, key)
        for root in given if isinstance(given, ListConfig) else [given]:
            if isinstance(root, str) and not Path(root).expanduser().exists():
                raise DataError(f"{key}={root} does not exist; give the place of the faces")
    if "out" in cfg and cfg.out is not None:
        require_place_for_dir(Path(cfg.out).expanduser(), "folder of out")


def _run(
    config_name: str,
    task: Callable[[DictConfig, Built], object],
    check: Callable[[DictConfig], Built],
    prepare: Prepare,
    check_folder: CheckFolder,
) -> None:
    register_schemas()
    if "--version" in sys.argv[1:]:  # Hydra's own option tells Hydra's version
        print(f"riddle-pl {__version__}")
        return
    sys.argv[1:] = _tidy(sys.argv[1:])
    args = get_args_parser().parse_args()
    if args.experimental_rerun:
        raise ConfigError(
            f"--experimental-rerun={args.experimental_rerun} would load a pickle, which can run anything; give the "
            "overrides of that run again (RUN/.hydra/overrides.yaml), or continue it with ckpt_path="
        )
    if args.help:  # Hydra's own lists the groups of all applications
        print(app_help(config_name))
        return
    if more := prepare(args.overrides):
        place = sys.argv.index(args.overrides[0], 1)
        sys.argv[place:place] = more
        args = get_args_parser().parse_args()
    checked: list[tuple[DictConfig, Built]] = []
    runs = not (args.hydra_help or args.cfg or args.info or args.shell_completion)
    if runs and not (args.config_dir or args.config_path or args.config_name):
        sweeps = args.multirun or "hydra.mode=MULTIRUN" in args.overrides
        jobs, folder = compose_command(config_name, args.overrides, sweeps)
        for cfg in jobs:
            built = check(cfg)
            if not sweeps:  # jobs of a sweep may run in other processes, hours later
                checked.append((cfg, built))
        if folder is not None:
            require_place_for_dir(folder, "hydra.sweep.dir" if sweeps else "hydra.run.dir")
            for cfg, _ in checked:
                check_folder(cfg, folder)
        if sweeps:
            sys.argv[1:] = [text if text.startswith("-") else lenient_in_sweeps([text])[0] for text in sys.argv[1:]]

    def job(cfg: DictConfig) -> object:
        """Runs inside Hydra, which would print its own lines about an exception: a RiddleError must not reach it."""

        def run() -> object:
            same = next((built for known, built in checked if known == cfg), None)
            return task(cfg, check(cfg) if same is None else same)  # with --config-dir this is the first check

        return run_cli(run)

    decorate = hydra.main(version_base="1.3", config_path=f"pkg://{CONFIG_MODULE}", config_name=config_name)
    decorated: Callable[[], None] = decorate(job)
    before = os.environ.get("HYDRA_FULL_ERROR")
    os.environ["HYDRA_FULL_ERROR"] = "1"  # let exceptions through to run_cli, bugs with their real traceback
    try:
        with one_run_name():
            decorated()
    finally:
        if before is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = before


def _tidy(arguments: list[str]) -> list[str]:
    """``-m`` anywhere (argparse wants flags first), and ``pack=FOLDER`` for a pack of the user's own."""
    flags = [text for text in arguments if text in ("-m", "--multirun")]
    return flags[:1] + [_pack_folder(text) for text in arguments if text not in flags]


def _pack_folder(text: str) -> str:
    """The options of the group ``pack`` are names without a separator; with one, it is a folder."""
    key, _, value = text.partition("=")
    return f"pack.name_or_path={Path(value).expanduser().resolve()}" if key == "pack" and "/" in value else text
