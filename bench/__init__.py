"""Benchmarks; `make bench` runs them, README.md keeps their results."""
