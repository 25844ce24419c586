"""The recipe of the lite pack's generator."""
