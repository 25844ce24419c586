"""Small re-implementations of the methods that the paper compares itself with, from the facts of their papers."""
