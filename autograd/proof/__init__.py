"""The rooms behind ``check_gradients``, each importing only from those above it.

``noise`` and ``differences`` measure a slope from values; ``trees`` and ``subject`` hold the function and its point;
``lines`` samples it along a direction; ``verdict`` judges one slope; ``graphs`` asks the graph; ``compare`` holds the
gradient of one line against its slope, ``search`` goes from lines to entries, ``rules`` checks operations by themselves;
``report`` prints and draws what was found. ``random_programs`` draws programs to try a checker, or an operation, on.
"""
