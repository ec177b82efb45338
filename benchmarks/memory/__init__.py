"""Estimated against measured memory of trainings."""
