"""A reward model of one benchmark, tested on another."""
