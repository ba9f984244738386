"""What every test and doctest of the project starts from."""

import os

import pytest
from hypothesis import settings

import autograd

settings.register_profile("default", deadline=None)  # tests state facts, not times
settings.register_profile("ci", deadline=None, derandomize=True)  # the same examples in every run of a submission
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(autouse=True)
def public_names(doctest_namespace: dict[str, object]) -> None:
    """Doctests speak as a reader would who wrote ``from autograd import *``."""
    doctest_namespace.update({name: vars(autograd)[name] for name in autograd.__all__ if name in vars(autograd)})
