"""Reward models: Bradley-Terry training over packed preference groups, scoring, files."""
