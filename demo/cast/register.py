"""Bringing many photographs of faces onto one another: first by landmarks, then densely.

Principal components of faces that are only roughly aligned show ghosts: two mouths at half strength each. So every
photograph also gets a smooth displacement field that carries its eyes, mouth and outline to the places of the average
face, and shape is modelled apart from colour (as in Vetter and Poggio 1997; Cootes, Edwards and Taylor 2001).
The field is found by pulling each photograph towards what the components of all of them can say of it.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch.nn import functional

from demo.cast.model import CONTROL, HEIGHT, WIDTH, face_weight

Array = npt.NDArray[np.floating[Any]]

# Where the five landmarks' template sits in the frame: eye centres, nose, mouth corners, in pixels.
TEMPLATE = np.array([(40, 66), (80, 66), (60, 91), (44, 110), (76, 110)], np.float32)
HALF = (HEIGHT // 2, WIDTH // 2)  # registration works at half size: finer detail would only mislead it
ROUNDS = ((6, 30), (12, 30), (24, 30), (40, 30))  # (components, optimiser steps), coarse to fine
STIFFNESS = 0.02  # price of bending the field, against the squared error of a face of unit contrast
LANDMARK_PULL = 0.004  # price per squared pixel between a landmark and its place
STEP = 0.25  # pixels per optimiser step
BATCH = 256


def similarity(points: Array, target: Array = TEMPLATE) -> Array:
    """The turn, scale and shift (2, 3) that carries points (n, 2) nearest to the target (Umeyama 1991)."""
    a, b = points - points.mean(0), target - target.mean(0)
    u, s, vt = np.linalg.svd(b.T @ a)
    sign = np.diag([1.0, np.linalg.det(u @ vt)])  # a turn, never a reflection
    turn = u @ sign @ vt * ((s * sign.diagonal()).sum() / (a**2).sum())
    return np.column_stack([turn, target.mean(0) - turn @ points.mean(0)]).astype(np.float32)


def crop(image: Image.Image, forward: Array) -> Array:
    """The frame (HEIGHT, WIDTH, 3), 0 to 255, that this similarity (2, 3) cuts out of an image."""
    back = np.linalg.inv(np.vstack([forward, [0, 0, 1]]))[:2]
    frame = image.transform((WIDTH, HEIGHT), Image.Transform.AFFINE, tuple(back.ravel()), Image.Resampling.BICUBIC)
    return np.asarray(frame, np.float32)


def normalised(frames: Array) -> torch.Tensor:
    """Luma of frames (n, HEIGHT, WIDTH, 3) at half size with local brightness and contrast taken out: (n, 1, h, w)."""
    luma = torch.from_numpy(frames @ np.array([0.299, 0.587, 0.114], np.float32))[:, None]
    luma = functional.avg_pool2d(luma, 2)
    mean = functional.avg_pool2d(luma, 21, 1, 10, count_include_pad=False)
    spread = functional.avg_pool2d((luma - mean) ** 2, 31, 1, 15, count_include_pad=False).sqrt()
    return ((luma - mean) / (spread + 6.0)).clamp(-3, 3)


def dense(control: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Control displacements (n, 2, rows, columns) as a dense field (n, 2, *size), both in frame pixels."""
    return functional.interpolate(control, size=size, mode="bicubic", align_corners=True)


def warp(images: torch.Tensor, control: torch.Tensor) -> torch.Tensor:
    """Images (n, c, h, w) sampled at p + d(p): each brought to the shape of the average face."""
    height, width = images.shape[-2:]
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    field = dense(control, (height, width))
    grid = torch.stack([x + field[:, 0] * (2 / (WIDTH - 1)), y + field[:, 1] * (2 / (HEIGHT - 1))], -1)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=True)


def _explained(images: torch.Tensor, weight: torch.Tensor, rank: int) -> torch.Tensor:
    """What the mean and the first components of all images and their mirror images can say of each image."""
    flat = (images * weight).flatten(1)
    both = torch.cat([flat, (images.flip(-1) * weight).flatten(1)])
    mean = both.mean(0)
    _, _, basis = torch.svd_lowrank(both - mean, q=rank, niter=3)
    return (((flat - mean) @ basis) @ basis.T + mean).view_as(images)


def _bending(control: torch.Tensor) -> torch.Tensor:
    """How much neighbouring control points disagree."""
    return (control.diff(dim=-1) ** 2).sum() + (control.diff(dim=-2) ** 2).sum()


def _at(field: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """A dense field (n, 2, h, w) read at frame positions (k, 2): (n, k, 2)."""
    grid = places / torch.tensor([(WIDTH - 1) / 2, (HEIGHT - 1) / 2]) - 1
    grid = grid.expand(len(field), 1, -1, -1)
    return functional.grid_sample(field, grid, align_corners=True)[:, :, 0].transpose(1, 2)


def _pull(*, images: torch.Tensor, target: torch.Tensor, weight: torch.Tensor, control: torch.Tensor,
          marks: torch.Tensor, places: torch.Tensor, steps: int) -> torch.Tensor:  # fmt: skip
    """Improve one batch of control displacements towards the target images and the landmarks."""
    control = control.clone().requires_grad_(True)
    optimiser = torch.optim.Adam([control], lr=STEP)
    for _ in range(steps):
        optimiser.zero_grad()
        error = (((warp(images, control) * weight) - target) ** 2).mean((1, 2, 3)).sum()
        miss = ((_at(dense(control, HALF), places) - (marks - places)) ** 2).sum()
        (error + STIFFNESS * _bending(control) / (CONTROL[0] * CONTROL[1]) + LANDMARK_PULL * miss).backward()
        optimiser.step()
    return control.detach()


def register(frames: Array, marks: Array) -> Array:
    """Control displacements (n, 2, rows, columns), in frame pixels, for frames (n, HEIGHT, WIDTH, 3).

    marks (n, k, 2) are landmarks in each frame; their average is where the average face has them.
    """
    images, all_marks = normalised(frames), torch.from_numpy(marks)
    weight = functional.avg_pool2d(torch.from_numpy(face_weight())[None, None], 2)
    places = all_marks.mean(0)
    places = (places + _mirrored(places)) / 2
    control = torch.zeros(len(frames), 2, *CONTROL)
    for rank, steps in ROUNDS:
        target = _explained(warp(images, control), weight, rank)
        batches = torch.arange(len(frames)).split(BATCH)
        control = torch.cat(
            [
                _pull(
                    images=images[b],
                    target=target[b],
                    weight=weight,
                    control=control[b],
                    marks=all_marks[b],
                    places=places,
                    steps=steps,
                )
                for b in batches
            ]
        )
        print(f"registered with {rank} components, mean displacement {control.norm(dim=1).mean():.2f} pixels")
    return np.asarray(control.numpy())


def _mirrored(places: torch.Tensor) -> torch.Tensor:
    """Landmark places (k, 2) of the mirrored face; MIRROR_ORDER says which becomes which."""
    order = torch.tensor(MIRROR_ORDER)
    return torch.tensor([WIDTH - 1.0, 0.0]) + places[order] * torch.tensor([-1.0, 1.0])


# dlib's five points (eye corners of the right eye in the image, of the left, nose), then MTCNN's nose tip and mouth.
MIRROR_ORDER = (2, 3, 0, 1, 4, 5, 7, 6)
