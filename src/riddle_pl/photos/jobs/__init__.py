"""Jobs on many photos and records: plan, read, work, write."""
