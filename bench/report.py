"""What was measured: a short table, and the same as JSON."""

import json
import platform
from argparse import Namespace
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from django.conf import settings

from bench.figures import WANTED_BYTES, WANTED_GROWTH, WANTED_RATIO, Growth, Resident, Throughput, memory_kept
from identification.recognition import runtime
from identification.recognition.cores import cores

LIBRARIES = ("celery", "dlib-bin", "django", "facenet-pytorch", "gunicorn", "numpy", "pillow", "psycopg", "torch")
MADE = "random numbers in the shape of facenet-vggface2's weights, for memory and time alone"


@dataclass(frozen=True)
class Result:
    """The figures of one run."""

    asked: Namespace
    throughput: Throughput | None
    processes: Sequence[Resident]
    growth: Growth | None

    @property
    def kept(self) -> bool:
        """Whether all that was measured is as wanted."""
        memory = memory_kept(self.asked.encoder, self.processes)
        return memory and all(part.kept for part in (self.throughput, self.growth) if part)

    def table(self) -> str:
        """Return what people read."""
        parts = [self._head(), self._throughput(), self._memory(), self._growth()]
        return "\n" + "\n\n".join("\n".join(lines) for lines in parts if lines)

    def as_dict(self) -> dict[str, Any]:
        """Return what programs read: bytes, seconds, and photographs per second."""
        return {
            "machine": _machine(),
            "encoder": self.asked.encoder,
            "weights": MADE if self.asked.facenet_shape else "published",
            "processes": self.asked.processes,
            "threads": settings.RECOGNITION_THREADS,
            "throughput": self._throughput_as_dict(),
            "memory": {
                "wanted_bytes": WANTED_BYTES[self.asked.encoder],
                "processes": [asdict(process) for process in self.processes],
                "kept": memory_kept(self.asked.encoder, self.processes),
            },
            "growth": self._growth_as_dict(),
            "kept": self.kept,
        }

    def _head(self) -> list[str]:
        machine = _machine()
        encoder = f"{self.asked.encoder} ({MADE})" if self.asked.facenet_shape else self.asked.encoder
        libraries = ", ".join(f"{name} {number}" for name, number in machine["libraries"].items())
        return [
            f"{machine['cores']} cores, {machine['device']}; loop and worker: {self.asked.processes} processes each",
            f"Encoder {encoder}",
            f"Python {machine['python']}, {libraries}",
        ]

    def _throughput(self) -> list[str]:
        if self.throughput is None:
            return []
        one, rounds = self.throughput.rounds[0], enumerate(self.throughput.rounds, start=1)
        low, high = self.throughput.spread
        found = f"{one.photographs} photographs, {one.faces} faces, {one.searches} searches in each round"
        verdict = f"wanted at least {WANTED_RATIO}: {_verdict(self.throughput.kept)}"
        return [
            f"Photographs per second ({found})",
            f"  {'round':>6} {'loop':>9} {'pipeline':>9} {'ratio':>7}",
            *(f"  {number:>6} {each.loop:>9.2f} {each.pipeline:>9.2f} {each.ratio:>7.3f}" for number, each in rounds),
            f"  median of the ratio {self.throughput.ratio:.3f}, from {low:.3f} to {high:.3f}; {verdict}",
            "",
            *self._processor(self.throughput),
        ]

    def _processor(self, throughput: Throughput) -> list[str]:
        """Where processor time went, of all rounds together."""
        photographs = sum(each.photographs for each in throughput.rounds)
        taken: dict[str, float] = defaultdict(float)
        for each in throughput.rounds:
            for name, seconds in (each.loop_processor | each.pipeline_processor).items():
                taken[name] += seconds
        return [
            "Processor time, in milliseconds for each photograph",
            *(f"  {name:<12} {1000 * seconds / photographs:>7.1f}" for name, seconds in taken.items()),
            f"  the loop's part of the pipeline's {throughput.processor_ratio:.3f}",
        ]

    def _throughput_as_dict(self) -> dict[str, Any] | None:
        if self.throughput is None:
            return None
        return {
            "wanted_ratio": WANTED_RATIO,
            "ratio": self.throughput.ratio,
            "spread": self.throughput.spread,
            "processor_ratio": self.throughput.processor_ratio,
            "kept": self.throughput.kept,
            "rounds": [
                asdict(each) | {"loop": each.loop, "pipeline": each.pipeline, "ratio": each.ratio}
                for each in self.throughput.rounds
            ],
        }

    def _memory(self) -> list[str]:
        wanted = WANTED_BYTES[self.asked.encoder]
        return [
            "Memory of each worker process, in MB (resident; with shared memory divided among those who share it)",
            *(f"  {one.pid:>8} {_mb(one.rss):>8} {_mb(one.pss):>8}" for one in self.processes),
            f"  wanted at most {_mb(wanted)} resident: {_verdict(memory_kept(self.asked.encoder, self.processes))}",
        ]

    def _growth(self) -> list[str]:
        if self.growth is None:
            return []
        return [
            "Resident set of each worker process over many photographs",
            *(f"  {mark.in_words}" for mark in self.growth.marks),
            f"  {self.growth.in_words}",
        ]

    def _growth_as_dict(self) -> dict[str, Any] | None:
        if self.growth is None:
            return None
        return {
            "wanted": WANTED_GROWTH,
            "worst": self.growth.worst,
            "replaced": self.growth.replaced,
            "kept": self.growth.kept,
            "marks": [asdict(mark) for mark in self.growth.marks],
        }


def written(result: Result) -> str:
    """Return the figures as JSON."""
    return json.dumps(result.as_dict(), indent=2) + "\n"


def _machine() -> dict[str, Any]:
    return {
        "cores": cores(),
        "device": runtime.device_in_words(settings.DEVICE),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def _verdict(kept: bool) -> str:
    return "kept" if kept else "NOT KEPT"


def _mb(number: float | None) -> str:
    return "" if number is None else f"{number / 1e6:,.0f}"
