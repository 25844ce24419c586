"""Records: what a code, its password and its place become in a file, and what that tells."""
