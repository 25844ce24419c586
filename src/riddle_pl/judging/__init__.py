"""Recognisers and detectors that judge images, their thresholds and the metrics."""
