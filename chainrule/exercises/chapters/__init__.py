"""The exercises of each chapter: four kinds in every one, a computation, a circuit, a bug, and code."""
