"""If this fails, the rate of `riddle invert` is compared with an encoder that does other work."""

import re
from pathlib import Path

import pytest
import torch

from benchmarks import inversion as bench_inversion
from riddle_pl.data.code_shards import open_codes
from riddle_pl.inversion import EncoderInversion
from riddle_pl.packs import Pack


def test_both_ways_invert_the_same_faces(tmp_path: Path, tiny_pack: Pack) -> None:
    inversion = EncoderInversion(tiny_pack, "cpu")
    archives = bench_inversion.write_archives(tmp_path, 2, 3, tiny_pack.size)
    [(alone, whole)] = bench_inversion.time_both(inversion, archives, 2, 0, rounds=1)
    assert min(alone.wall, alone.cpu, whole.wall, whole.cpu) > 0
    codes = torch.cat([open_codes(path.with_suffix(".safetensors")).get_slice("w")[:] for path in archives])
    torch.testing.assert_close(codes, inversion(bench_inversion.faces_of(archives, tiny_pack.size)))


def test_prints_a_table(tiny_pack_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    try:
        args = ["--pack", str(tiny_pack_folder), "--archives", "1", "--photos", "2", "--rounds", "1", "--threads", "1"]
        bench_inversion.main([*args, "--device", "cpu"])
    finally:
        torch.set_num_threads(threads)
    assert re.search(r"\| riddle invert \| \d+\.\d \|", capsys.readouterr().out)
