"""Readers of weights: our own files and the public formats."""
