"""The shapes that cross a function's boundary, each named once. Tests check them at every call (jaxtyping, beartype).

Axes: b batch or rows, n all rows, c channels, h w pixels, k classes, l points on a segment, p partners of a row.
"""

from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

Inputs = Float[Tensor, "b ..."]  # whatever is mixed, in natural units: pixels in [0, 1], log power, table values
Resident = (
    UInt8[Tensor, "b ..."] | Float[Tensor, "b ..."]
)  # as held on the device: images uint8, sounds and tables float32
Features = Float[Tensor, "b c _h _w"]  # of a hidden layer
Labels = Int[Tensor, " b"]
Weights = Float[Tensor, " b"]  # a number of each row, such as its lambda
Lambdas = Float[Tensor, "p b"]  # of each of its partners
Boxes = Int[Tensor, "b 4"]  # top, left, bottom, right, in pixels
BoxesOfAll = Int[Tensor, "n 4"]  # of all rows of a part: top, left, height, width, in the pixels of each
Rows = Int[Tensor, " b"]  # row numbers of a part
Share = Int[Tensor, " _"]  # the same, one of several of any length
Flags = Bool[Tensor, " b"]
FlagsOfAll = Bool[Tensor, " n"]  # of all rows of a part
Logits = Float[Tensor, "b k"]
MixedLogits = Float[Tensor, "m k"]  # of a network on whose way rows may be mixed, and so become fewer
Scalar = Float[Tensor, ""]
