"""Hydra configs of riddle-pl, shipped as `riddle_pl.conf` (use `config_path="pkg://riddle_pl.conf"`)."""
