"""Benchmarks against every installed peer: ``python -m benchmarks``, or ``make bench``."""
