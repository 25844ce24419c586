"""From a picture file to aligned faces."""
