"""Set-up of all tests and doctests of the project."""

import os

import pytest
from hypothesis import settings

import autograd

settings.register_profile("default", deadline=None)  # tests state facts, not times
settings.register_profile("ci", deadline=None, derandomize=True)  # the same examples in every run of a submission
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile("ci" if os.environ.get("CI") else "default")
collect_ignore = ["tests/data"]  # programs that tests run or check, wrong ones among them
scalar_names = {name: value for name, value in vars(autograd).items() if name in autograd.__all__}


@pytest.fixture(autouse=True)
def public_names(doctest_namespace: dict[str, object]) -> None:
    """Give doctests Tensor and the scalar names of autograd; sum, max and the like are Python's own unless imported."""
    doctest_namespace.update(scalar_names, Tensor=autograd.Tensor)
