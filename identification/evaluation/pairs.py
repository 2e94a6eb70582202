"""The list of what is to be compared: PAIRS.csv with the columns fold, first, second and same_person."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from identification.evaluation.errors import EvaluationError

COLUMNS = ("fold", "first", "second", "same_person")
NAMED = 3  # how many missing files a sentence names


@dataclass(frozen=True)
class Pair:
    """Two photographs, by their paths under the folder of images; the second is the probe."""

    fold: int
    first: str
    second: str
    same_person: bool


def read_pairs(file: Path, images: Path) -> list[Pair]:
    """Read the list and make sure that it can be measured; EvaluationError says the first thing that is wrong."""
    pairs = [_pair(line, row) for line, row in _rows(file)]
    _refuse_what_cannot_be_measured(file, pairs)
    _refuse_contradictions(pairs)
    _refuse_missing_images(images, images_of(pairs))
    return pairs


def images_of(pairs: Iterable[Pair]) -> list[str]:
    """Every photograph that is listed, once, by name."""
    return sorted({image for pair in pairs for image in (pair.first, pair.second)})


def people_of(pairs: Sequence[Pair]) -> dict[str, str] | None:
    """Whose each photograph is, by the folder that holds it; None where the list contradicts the folders."""
    folders = {image: str(PurePosixPath(image).parent) for image in images_of(pairs)}
    agrees = all((folders[pair.first] == folders[pair.second]) == pair.same_person for pair in pairs)
    return folders if agrees else None


def _rows(file: Path) -> list[tuple[int, dict[str, str]]]:
    """The rows with the numbers of their lines."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, restkey="", restval="")
            _refuse_columns(file, reader.fieldnames or ())
            return [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise EvaluationError(f"{file} can't be read: {error.strerror or error}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise EvaluationError(f"{file} isn't a CSV file in UTF-8: save it as one.") from error


def _refuse_columns(file: Path, found: Sequence[str]) -> None:
    missing = [column for column in COLUMNS if column not in found]
    if missing:
        raise EvaluationError(
            f"{file} has no column {', '.join(missing)}: its first line must name {', '.join(COLUMNS)}."
        )


def _pair(line: int, row: dict[str, str]) -> Pair:
    fold, first, second, same = (row[column].strip() for column in COLUMNS)
    if "" in row:
        raise EvaluationError(f"Line {line} has more columns than the first line names.")
    if not (fold.isascii() and fold.isdigit()):
        raise EvaluationError(f"Line {line}: the fold is a whole number, not “{fold}”.")
    if same not in ("0", "1"):
        raise EvaluationError(f"Line {line}: same_person is 1 or 0, not “{same}”.")
    for image in (first, second):
        _refuse_path(line, image)
    if first == second:
        raise EvaluationError(f"Line {line} compares {first} with itself.")
    return Pair(int(fold), first, second, same == "1")


def _refuse_path(line: int, image: str) -> None:
    path = PurePosixPath(image)
    if not image or path.is_absolute() or ".." in path.parts:
        raise EvaluationError(f"Line {line}: “{image}” isn't a path under the folder of images.")


def _refuse_what_cannot_be_measured(file: Path, pairs: Sequence[Pair]) -> None:
    if not pairs:
        raise EvaluationError(f"{file} lists no pairs.")
    kinds = {pair.same_person for pair in pairs}
    if len(kinds) == 1:
        only = "the same person" if kinds == {True} else "different people"
        raise EvaluationError(f"{file} lists pairs of {only} alone: errors are measured on both kinds.")
    if len({pair.fold for pair in pairs}) < 2:
        raise EvaluationError(f"{file} has one fold: a threshold is chosen on other folds, so two are needed.")


def _refuse_contradictions(pairs: Sequence[Pair]) -> None:
    said: dict[frozenset[str], bool] = {}
    for pair in pairs:
        if said.setdefault(frozenset((pair.first, pair.second)), pair.same_person) != pair.same_person:
            raise EvaluationError(
                f"{pair.first} and {pair.second} are listed both as one person and as different people."
            )


def _refuse_missing_images(images: Path, names: Sequence[str]) -> None:
    if not images.is_dir():
        raise EvaluationError(f"There is no folder {images}.")
    missing = [name for name in names if not (images / name).is_file()]
    if missing:
        some = ", ".join(missing[:NAMED]) + (", ..." if len(missing) > NAMED else "")
        raise EvaluationError(f"{len(missing)} of {len(names)} images aren't in {images}: {some}.")
