"""From registered photographs to the face model: components, and variation between people apart from within people."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from demo.cast.model import COLOUR_STEP, FaceModel, face_weight, quantise

Array = npt.NDArray[np.floating[Any]]
Labels = npt.NDArray[np.int64]

TEXTURE_COMPONENTS = 250
SHAPE_COMPONENTS = 30
RIDGE = 30.0  # steadies the regression of lean_of on some hundred labelled photographs


def textures(frames: torch.Tensor) -> torch.Tensor:
    """Frames (n, 3, HEIGHT, WIDTH), RGB 0 to 255, as texture vectors (n, t): luma, then small Cb and Cr."""
    red, green, blue = frames.unbind(1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    colour = functional.avg_pool2d(torch.stack([0.564 * (blue - luma), 0.713 * (red - luma)], 1), COLOUR_STEP)
    return torch.cat([luma.flatten(1), colour.flatten(1)], 1)


def texture_weight() -> torch.Tensor:
    """face_weight laid out as a texture vector (t,)."""
    weight = torch.from_numpy(face_weight())[None, None]
    colour = functional.avg_pool2d(weight, COLOUR_STEP).flatten()
    return torch.cat([weight.flatten(), colour, colour])


def components(vectors: torch.Tensor, count: int) -> tuple[Array, Array, Array]:
    """Mean (t,), components (count, t) one standard deviation long, and each vector's coefficients (n, count)."""
    mean = vectors.mean(0)
    centred = vectors - mean
    torch.manual_seed(0)
    left, spread, basis = torch.svd_lowrank(centred, q=count, niter=3)
    sigma = spread / len(vectors) ** 0.5
    return mean.numpy(), (basis * sigma).T.numpy(), (left * len(vectors) ** 0.5).numpy()


def split(latent: Array, people: Labels) -> tuple[Array, Array]:
    """Covariance (k, k) of latent vectors (n, k) between people and within people.

    Within: the pooled covariance about each person's average, from people with several photographs.
    Between: what remains of the whole, with the directions in which nothing remains set to zero.
    """
    names, member, count = np.unique(people, return_inverse=True, return_counts=True)
    average = np.zeros((len(names), latent.shape[1]))
    np.add.at(average, member, latent)
    residual = latent - (average / count[:, None])[member]
    within = residual.T @ residual / (len(latent) - len(names))
    return np.cov(latent.T) - within, within


def square_root(covariance: Array) -> Array:
    """A matrix (k, k) that turns standard normal draws into draws with this covariance."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.clip(values, 0, None)), np.float32)


def leaning(latent: Array, labels: Array) -> Array:
    """Weights and constant (k + 1,) of a ridge regression of labels (n,), -1, 1 or 0 for unknown, on latent (n, k)."""
    known = labels != 0
    design = np.column_stack([latent[known], np.ones(known.sum())])
    # Both kinds count the same, though the photographs hold more men.
    balance = np.where(labels[known] > 0, 1 / (labels > 0).sum(), 1 / (labels < 0).sum())[:, None] * known.sum() / 2
    gram = design.T @ (balance * design) + RIDGE * np.eye(design.shape[1])
    return np.asarray(np.linalg.solve(gram, design.T @ (balance[:, 0] * labels[known])), np.float32)


def mirrored_shapes(control: Array) -> Array:
    """The shapes (n, 2, rows, columns) of the mirrored photographs."""
    return np.asarray(control[..., ::-1] * np.array([-1, 1], np.float32)[:, None, None])


def learn(frames: Array, control: Array, people: Labels, labels: Array) -> FaceModel:
    """The model of registered frames (n, 3, HEIGHT, WIDTH) with shapes (n, 2, rows, columns) and whose each is (n,).

    labels (n,) say -1 for a woman's, 1 for a man's given name, 0 for others: fictional names should suit their faces.
    Every photograph also counts mirrored, as one of a mirrored person: twice the examples, and a symmetric average.
    """
    whole = textures(torch.from_numpy(np.concatenate([frames, frames[..., ::-1]])))
    mean, texture, colours = components(whole * texture_weight(), TEXTURE_COMPONENTS)
    mean = whole.mean(0).numpy()
    shapes = np.concatenate([control, mirrored_shapes(control)]).reshape(len(whole), -1)
    shape_mean, shape, forms = components(torch.from_numpy(shapes), SHAPE_COMPONENTS)
    latent = np.hstack([colours, forms])
    between, within = split(latent, np.concatenate([people, people + people.max() + 1]))
    lean = leaning(latent, np.concatenate([labels, labels]))
    packed, scale = quantise(texture)
    return FaceModel(mean, packed, scale, shape_mean, shape, square_root(between), square_root(within), lean)
