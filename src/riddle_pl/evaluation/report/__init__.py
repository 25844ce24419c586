"""From rows of numbers to a report, its tables and its page."""
