"""Takes a portrait of a fictional person: pose, expression, clothes, wall, light and grain differ from shot to shot."""

import numpy as np
from PIL import Image, ImageChops

from demo.cast.canvas import SIZE, dimmed
from demo.cast.figure import draw_figure
from demo.cast.hair import hair_of
from demo.cast.model import FaceModel
from demo.cast.person import Person

APPEARANCE_SCALE = 0.38  # times what photographs of one person differ by in the press: these are calmer
GRAIN = 2.0  # grey levels of film grain
TILT, ZOOM, SHIFT = 3.0, 0.04, 12.0  # degrees, share and pixels by which a shot may differ from the plain pose
LIGHT, TINT = (0.91, 0.98), 0.02  # range of the light, and share by which its colours may differ
WALLS = ((158, 172, 184), (186, 178, 166), (142, 158, 150), (198, 200, 202), (120, 132, 150), (170, 150, 146))
CLOTHES = ((52, 60, 76), (92, 44, 48), (60, 84, 70), (110, 104, 96), (38, 40, 44), (150, 146, 150), (66, 82, 120))


def _wall(rng: np.random.Generator) -> Image.Image:
    """A plain wall of SIZE, lighter on one side and above."""
    colour = np.array(WALLS[rng.integers(len(WALLS))], np.float32) * rng.uniform(0.85, 1.1)
    x = np.linspace(-1, 1, SIZE[0] // 4)[None, :, None]
    y = np.linspace(-1, 1, SIZE[1] // 4)[:, None, None]
    light = 1 + rng.uniform(-0.1, 0.1) * x - 0.09 * y - 0.05 * (x * x + y * y)
    wall = Image.fromarray((light * colour).clip(0, 255).astype(np.uint8))
    return wall.resize(SIZE, Image.Resampling.BICUBIC)


def _posed(figure: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The figure a little tilted, nearer or further, and to one side."""
    angle, zoom = np.radians(rng.uniform(-TILT, TILT)), 1 + rng.uniform(-ZOOM, ZOOM)
    c, s = float(np.cos(angle) / zoom), float(np.sin(angle) / zoom)
    x, y = SIZE[0] / 2, float(SIZE[1])  # the pivot lies on the lower edge, which keeps the shoulders there
    shift = rng.uniform(-SHIFT, SHIFT)
    matrix = (c, s, x - c * (x + shift) - s * y, -s, c, y + s * (x + shift) - c * y)
    return figure.transform(SIZE, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)


def _developed(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The light and the white balance of this shot, and film grain."""
    light = rng.uniform(*LIGHT) * (1 + rng.uniform(-TINT, TINT, 3))
    grain = 128 + GRAIN * rng.standard_normal((SIZE[1] // 2, SIZE[0] // 2), dtype=np.float32)
    grey = Image.fromarray(grain.astype(np.uint8)).resize(SIZE, Image.Resampling.NEAREST)
    return ImageChops.add(dimmed(image, light.tolist()), Image.merge("RGB", (grey,) * 3), offset=-128)


def draw_photograph(model: FaceModel, person: Person, seed: int, shot: int) -> Image.Image:
    """One portrait, RGB of SIZE: always the same for the same person, seed and shot."""
    rng = np.random.default_rng([seed, person.index, 2, shot])
    appearance = APPEARANCE_SCALE * (model.within @ rng.standard_normal(model.size).astype(np.float32))
    cloth = CLOTHES[rng.integers(len(CLOTHES))]
    figure = draw_figure(model, person.identity + appearance, hair_of(model, person), cloth)
    posed, photograph = _posed(figure, rng), _wall(rng)
    photograph.paste(posed, mask=posed)
    return _developed(photograph, rng)
