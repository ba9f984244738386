"""The course as notebooks: percent scripts, and the same executed; ``python -m notebooks`` makes the latter."""
