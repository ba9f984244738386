"""Pictures of the lessons that no computation draws: neurons, an image as a column, a moving window, the zoo, two programs."""

from .drawn import image_scores, neurons, zoo
from .listings import side_by_side
from .windows import Window, convolution

__all__ = ["Window", "convolution", "image_scores", "neurons", "side_by_side", "zoo"]


def __dir__() -> list[str]:
    return __all__
