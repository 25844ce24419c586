"""Timings of the training step, the photo pipeline and the generators; `make bench` and its like run them."""
