"""Values that are likely to upset a reader."""

# fmt: off
NUMBERS = (
    0, 1, 2, 3, 4, 5, 7, 8, 12, 16, 31, 32, 33, 49, 52, 64, 100, 255, 256, 512, 513, 1024, 1025, 65535, 65536, 65537,
    *(2**power + more for power in (20, 29, 31, 32, 53, 62, 63, 64) for more in (-1, 0, 1)),
)
FLOATS = (
    0.0, -0.0, 1.0, 1e-45, 1e-310, 1e4, 1.0001e4, 1e6, -1e6, 1e30, 1e308, float("nan"), float("inf"), -float("inf"),
)
TEXTS = (
    "", "a", "sealed", "deniable", "single", "per_layer", "argon2id", "00" * 16, "ab" * 32, "../../etc/passwd",
    "a\nb\x1b[31m", "\ud800", "ü", "x" * 101, "x" * 70_000, "w_enc", "quads", "sealed.0", "__metadata__", "ﬁ",
)
TYPES = ("F32", "F64", "U8", "F16", "BF16", "I64", "BOOL", "F8_E4M3", "f32", "", 3, None, ["F32"])
NAMES = (
    "../evil.riddle", "/evil.riddle", "C:evil.riddle", "a//b.riddle", "./a.riddle", "a\\b.riddle", "a\0b.riddle",
    "a\nb.riddle", "evil.riddle/", "x" * 2000 + ".riddle", "program.sh", ".riddle", "é.riddle", "..riddle",
)
"""Of entries of an archive."""
# fmt: on
