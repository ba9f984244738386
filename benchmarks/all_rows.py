"""All rows by their keys, in the order in which they are measured: each module adds its own."""

from . import compiled, growth, hips, layers, operations, scalar, tensors, training  # noqa: F401
from .measure import Table, rows as unordered
from .tables import LANES, LAYERS, OBJECTIVES, STEPS

ORDER = ("s1", "chain", *STEPS, *LAYERS, *LANES, *OBJECTIVES, "recording", "native_start", "growth", "operations", "memory",
         "import", "digits", "fit", "anomaly", "anomaly_t1")
rows: dict[str, Table] = {key: unordered[key] for key in ORDER}
