"""Which faces are encrypted, and why others are refused."""
