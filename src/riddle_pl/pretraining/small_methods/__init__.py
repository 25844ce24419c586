"""Recipes of the small re-implementations of the paper's competitors."""
