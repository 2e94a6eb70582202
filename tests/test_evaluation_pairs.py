"""A list of pairs that can't be measured gets a sentence before anything is measured."""

from pathlib import Path

import pytest

from identification.evaluation.errors import EvaluationError
from identification.evaluation.pairs import Pair, images_of, people_of, read_pairs

HEAD = "fold,first,second,same_person\n"
GOOD = HEAD + "1,a/1.jpg,a/2.jpg,1\n1,a/1.jpg,b/1.jpg,0\n2,b/1.jpg,b/2.jpg,1\n2,a/2.jpg,b/2.jpg,0\n"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for name in ("a/1.jpg", "a/2.jpg", "b/1.jpg", "b/2.jpg"):
        file = tmp_path / "images" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"")
    return tmp_path / "images"


def read(text: str | bytes, images: Path) -> list[Pair]:
    file = images.parent / "pairs.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_pairs(file, images)


def test_a_good_list_is_read_as_it_stands(images: Path) -> None:
    pairs = read("\ufeff" + GOOD.replace("\n", "\r\n"), images)
    assert pairs[1] == Pair(1, "a/1.jpg", "b/1.jpg", same_person=False)
    assert [pair.fold for pair in pairs] == [1, 1, 2, 2]
    assert images_of(pairs) == ["a/1.jpg", "a/2.jpg", "b/1.jpg", "b/2.jpg"]
    assert people_of(pairs) == {"a/1.jpg": "a", "a/2.jpg": "a", "b/1.jpg": "b", "b/2.jpg": "b"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column fold, first, second, same_person"),
        ("fold,first,second\n1,a/1.jpg,a/2.jpg\n", "no column same_person"),
        (HEAD, "lists no pairs"),
        (GOOD.replace("2,b/1.jpg,b", "two,b/1.jpg,b"), "Line 4: the fold is a whole number, not “two”"),
        (GOOD.replace("a/2.jpg,1", "a/2.jpg,yes"), "Line 2: same_person is 1 or 0, not “yes”"),
        (GOOD.replace("a/1.jpg,a/2.jpg,1", "a/1.jpg"), "Line 2: same_person is 1 or 0, not “”"),
        (GOOD + "2,a/1.jpg,b/2.jpg,0,more\n", "Line 6 has more columns"),
        (GOOD.replace("b/1.jpg,0", "/etc/passwd,0"), "Line 3: “/etc/passwd” isn't a path under"),
        (GOOD.replace("b/1.jpg,0", "../b/1.jpg,0"), "isn't a path under"),
        (GOOD.replace("a/1.jpg,a/2.jpg", "a/1.jpg,a/1.jpg"), "Line 2 compares a/1.jpg with itself"),
        (GOOD + "2,a/2.jpg,a/1.jpg,0\n", "listed both as one person and as different people"),
        (GOOD.replace("\n2,", "\n1,"), "has one fold"),
        (GOOD.replace(",0\n", ",1\n"), "pairs of the same person alone"),
        (GOOD.replace(",1\n", ",0\n"), "pairs of different people alone"),
        (GOOD.encode() + b"\xff\xfe\n", "isn't a CSV file in UTF-8"),
    ],
)
def test_a_list_that_cannot_be_measured_gets_one_sentence(images: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(EvaluationError) as refusal:
        read(text, images)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_missing_images_are_counted_and_the_first_are_named(images: Path) -> None:
    for name in ("a/2.jpg", "b/1.jpg"):
        (images / name).unlink()
    with pytest.raises(EvaluationError, match=r"2 of 4 images aren't in .*: a/2.jpg, b/1.jpg\."):
        read(GOOD, images)
    with pytest.raises(EvaluationError, match="There is no folder"):
        read_pairs(images.parent / "pairs.csv", images / "nowhere")
    with pytest.raises(EvaluationError, match="can't be read: No such file"):
        read_pairs(images.parent / "nothing.csv", images)


def test_folders_that_contradict_the_list_are_not_taken_for_people() -> None:
    flat = [Pair(1, "1.jpg", "2.jpg", same_person=True), Pair(2, "1.jpg", "3.jpg", same_person=False)]
    assert people_of(flat) is None
    assert people_of([Pair(1, "a/1.jpg", "b/1.jpg", same_person=True)]) is None
