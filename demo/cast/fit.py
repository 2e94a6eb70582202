"""Fits the face model of the fictional cast: `python -m demo.cast.fit FOLDER_OF_IMAGES [--pairs]`.

FOLDER_OF_IMAGES holds one folder for each person, named Given_Family, with JPEG photographs in it. The stored model was
fitted on folds 1 to 3 of Labeled Faces in the Wild (Huang, Ramesh, Berg, Learned-Miller, University of Massachusetts
Amherst, Technical Report 07-49, 2007). `--pairs` then measures the cast: how far apart dlib's network puts two
photographs of one person, two people, and each fictional person and the nearest photograph in the folder. About eight
minutes on one core, and four more for `--pairs`.
"""

import argparse
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from demo.cast import Cast
from demo.cast.given_names import label
from demo.cast.learn import learn
from demo.cast.measure import Found, embed, find_faces, five_points
from demo.cast.model import FACES_FILE
from demo.cast.register import crop, register, similarity, warp

Array = npt.NDArray[np.floating[Any]]

EYES, NOSE_TIP = slice(0, 4), 5  # which landmarks are corners of eyes, and the nose's tip
MOST_TURNED = 7.0  # pixels between nose tip and the middle of the eyes: heads turned further are left out
MEASURED_PEOPLE, MEASURED_SHOTS = 100, 3


@dataclass(frozen=True)
class Photographs:
    """Aligned frames (n, HEIGHT, WIDTH, 3), landmarks (n, 8, 2) in them, and the name of each one's person."""

    frames: Array
    marks: Array
    names: list[str]


def middle_face(image: Image.Image) -> Found | None:
    """The face nearest to the middle of a photograph."""
    centre = np.array(image.size) / 2
    return min(
        find_faces(image),
        key=lambda found: float(np.abs((found.box[:2] + found.box[2:]) / 2 - centre).sum()),
        default=None,
    )


def align(image: Image.Image, face: Found) -> tuple[Array, Array]:
    """The frame of one face and its eight landmarks there: dlib's five, then MTCNN's nose tip and mouth corners."""
    corners = five_points(image, face)
    five = np.concatenate([[corners[2:4].mean(0), corners[0:2].mean(0)], face.points[2:]])
    forward = similarity(five)
    marks = np.concatenate([corners, face.points[2:]]) @ forward[:, :2].T + forward[:, 2]
    return crop(image, forward), marks.astype(np.float32)


def read(folder: Path) -> Photographs:
    """Every photograph in the folders of people in which a face is found."""
    frames, marks, names = [], [], []
    for path in sorted(folder.glob("*/*.jpg")):
        image = Image.open(path).convert("RGB")
        face = middle_face(image)
        if face is not None:
            frame, places = align(image, face)
            frames.append(frame)
            marks.append(places)
            names.append(path.parent.name)
    return Photographs(np.array(frames), np.array(marks), names)


def facing(photographs: Photographs) -> Photographs:
    """Only the photographs of heads that are turned little."""
    turn = photographs.marks[:, NOSE_TIP, 0] - photographs.marks[:, EYES, 0].mean(1)
    kept = np.flatnonzero(np.abs(turn - turn.mean()) < MOST_TURNED)
    return Photographs(photographs.frames[kept], photographs.marks[kept], [photographs.names[i] for i in kept])


def fit(folder: Path) -> None:
    """Fit the model and write it beside this file."""
    found = facing(read(folder))
    print(f"{len(found.names)} photographs of {len(set(found.names))} people")
    control = register(found.frames, found.marks)
    frames = torch.from_numpy(found.frames).permute(0, 3, 1, 2)
    level = warp(frames, torch.from_numpy(control)).clamp(0, 255).round().numpy()
    people = np.unique(found.names, return_inverse=True)[1]
    labels = np.array([label(name.split("_")[0]) for name in found.names], np.float32)
    learn(level, control, people, labels).save()
    print(f"{FACES_FILE.name}: {FACES_FILE.stat().st_size / 1e6:.2f} MB")


def embeddings_of(images: list[Image.Image]) -> Array:
    """The embeddings (n, 128) of the middle faces of those images that have one."""
    found = [(image, middle_face(image)) for image in images]
    return np.array([embed(image, face) for image, face in found if face is not None])


def measure_pairs(folder: Path) -> None:
    """Print the cast's Euclidean distances: within a person, between people, to the nearest real photograph."""
    cast = Cast()
    people = [cast.person(index) for index in range(MEASURED_PEOPLE)]
    shots = [[cast.photograph(person, shot) for shot in range(MEASURED_SHOTS)] for person in people]
    cast_embeddings = np.array([embeddings_of(images) for images in shots])
    real = np.concatenate([embeddings_of([Image.open(path).convert("RGB")]).reshape(-1, 128)
                           for path in sorted(folder.glob("*/*.jpg"))])  # fmt: skip
    first = cast_embeddings[:, 0]
    pairs = combinations(range(MEASURED_SHOTS), 2)
    same = np.concatenate([np.linalg.norm(cast_embeddings[:, a] - cast_embeddings[:, b], axis=1) for a, b in pairs])
    other = np.linalg.norm(first[:, None] - first[None], axis=2)[np.triu_indices(len(first), 1)]
    nearest = np.linalg.norm(first[:, None] - real[None], axis=2).min(1)
    for name, distances in (("same person", same), ("different people", other), ("nearest real person", nearest)):
        print(f"{name}: mean {distances.mean():.2f}, least {distances.min():.2f}, most {distances.max():.2f}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Fit the face model of the fictional cast.")
    parser.add_argument("folder", type=Path, help="holds one folder of JPEG photographs for each person")
    parser.add_argument("--pairs", action="store_true", help="measure distances within and between people afterwards")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)  # the randomised decompositions draw from it
    fit(arguments.folder)
    if arguments.pairs:
        measure_pairs(arguments.folder)


if __name__ == "__main__":
    main()
