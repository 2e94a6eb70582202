"""What is concluded from the figures measured: pure functions, so that the verdicts can be tested."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

WANTED_RATIO = 0.85  # of the bare loop's photographs per second
WANTED_GROWTH = 0.05  # at most, of the resident set after the first mark
WANTED_BYTES = {"dlib-resnet-v1": 1.2e9, "facenet-vggface2": 1.5e9}  # of each worker process


@dataclass(frozen=True)
class Round:
    """The same photographs once through the bare loop and once through the pipeline."""

    photographs: int
    faces: int
    searches: int
    loop_seconds: float
    pipeline_seconds: float
    # Processor seconds by what took them.
    loop_processor: dict[str, float]
    pipeline_processor: dict[str, float]

    @property
    def loop(self) -> float:
        """Photographs per second."""
        return self.photographs / self.loop_seconds

    @property
    def pipeline(self) -> float:
        """Photographs per second."""
        return self.photographs / self.pipeline_seconds

    @property
    def ratio(self) -> float:
        """What part of the loop's speed the pipeline has."""
        return self.pipeline / self.loop

    @property
    def processor_ratio(self) -> float:
        """The same by processor time, which doesn't depend on what else the machine does, nor count waiting."""
        return sum(self.loop_processor.values()) / sum(self.pipeline_processor.values())

    @property
    def in_words(self) -> str:
        return f"loop {self.loop:.2f}, pipeline {self.pipeline:.2f} photographs per second; ratio {self.ratio:.3f}"


@dataclass(frozen=True)
class Throughput:
    """All rounds of a run, one at least. The median decides; the spread says how far to trust it."""

    rounds: Sequence[Round]

    @property
    def ratio(self) -> float:
        return median(one.ratio for one in self.rounds)

    @property
    def processor_ratio(self) -> float:
        return median(one.processor_ratio for one in self.rounds)

    @property
    def spread(self) -> tuple[float, float]:
        """The lowest and the highest ratio."""
        ratios = [one.ratio for one in self.rounds]
        return min(ratios), max(ratios)

    @property
    def kept(self) -> bool:
        return self.ratio >= WANTED_RATIO


@dataclass(frozen=True)
class Resident:
    """The memory of one process in bytes; shared memory is divided among those who share it, where the system tells."""

    pid: int
    rss: int
    pss: int | None = None


def memory_kept(encoder: str, processes: Sequence[Resident]) -> bool:
    """Whether each process keeps to what is wanted of its encoder; nothing measured is nothing kept."""
    return bool(processes) and all(process.rss <= WANTED_BYTES[encoder] for process in processes)


@dataclass(frozen=True)
class Mark:
    """The resident set of each worker process, in bytes by its number, after so many photographs."""

    photographs: int
    rss: Mapping[int, int]

    @property
    def in_words(self) -> str:
        sets = ", ".join(f"{rss / 1e6:,.0f} MB" for rss in self.rss.values())
        return f"after {self.photographs:>5,} photographs: {sets}"


@dataclass(frozen=True)
class Growth:
    """What became of the worker processes over many photographs, against the first mark."""

    marks: Sequence[Mark]

    @property
    def replaced(self) -> bool:
        """Whether other processes worked at the end: what they would have grown to can't be known."""
        return any(mark.rss.keys() != self.marks[0].rss.keys() for mark in self.marks)

    @property
    def worst(self) -> float | None:
        """The largest growth of any process at any later mark, as a part of its first value; None without two marks."""
        first, *later = self.marks
        growths = [mark.rss[pid] / first.rss[pid] - 1 for mark in later for pid in mark.rss.keys() & first.rss.keys()]
        return max(growths, default=None)

    @property
    def kept(self) -> bool:
        return not self.replaced and self.worst is not None and self.worst <= WANTED_GROWTH

    @property
    def in_words(self) -> str:
        """The verdict as a sentence."""
        if self.replaced:
            return "a worker process was replaced, so growth can't be told: not kept"
        if self.worst is None:
            return "one mark alone shows no growth; feed more photographs: not kept"
        verdict = "kept" if self.kept else "not kept"
        return (
            f"at most {self.worst:+.1%} against the value after {self.marks[0].photographs:,} photographs; wanted at "
            f"most {WANTED_GROWTH:+.0%}: {verdict}"
        )
