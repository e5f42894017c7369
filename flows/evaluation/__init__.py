"""Scores: the classifier against labelled passages, the signals against a stream of known events."""
