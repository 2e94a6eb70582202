"""`make bench-detection`: what a large photograph costs, compared with the same photograph at one megapixel.

Processor time of one thread, in one run; the photographs are drawn before anything is timed. The memory is the highest
that this process ever held, so that the photograph of 50 megapixels at the end decides it.
"""

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Sequence

from PIL import Image

from demo.cast import Cast
from identification.recognition import runtime
from identification.recognition.detection import Detector

WANTED = 2.5
ROUNDS = 5
MEGAPIXEL = 1_000_000
LARGE = (4000, 3000)


def large_face() -> Image.Image:
    """A photograph of 12 megapixels in which one face is about a quarter as wide as it."""
    portrait = Cast(seed=85).photograph(Cast(seed=85).person(3))
    photograph = Image.effect_noise((LARGE[0] // 40, LARGE[1] // 40), 40).resize(LARGE, Image.Resampling.BICUBIC)
    photograph = photograph.convert("RGB")
    height = LARGE[1]
    width = height * portrait.width // portrait.height
    photograph.paste(portrait.resize((width, height), Image.Resampling.LANCZOS), ((LARGE[0] - width) // 2, 0))
    return photograph


def at_megapixels(photograph: Image.Image, wanted: float) -> Image.Image:
    """The same photograph with so many megapixels."""
    factor = (wanted * MEGAPIXEL / (photograph.width * photograph.height)) ** 0.5
    size = (round(photograph.width * factor), round(photograph.height * factor))
    return photograph.resize(size, Image.Resampling.LANCZOS)


def seconds(detector: Detector, photograph: Image.Image) -> float:
    """The processor's time for one photograph."""
    before = time.process_time()
    found = detector.detect(photograph)
    after = time.process_time()
    if len(found) != 1:
        sys.exit(f"{len(found)} faces were found where there is one: nothing can be compared.")
    return after - before


def report(pairs: Sequence[tuple[float, float]]) -> float:
    """Print each round and return the median of the ratios."""
    ratios = [large / small for small, large in pairs]
    for (small, large), ratio in zip(pairs, ratios, strict=True):
        print(f"  1 megapixel {small:.2f} s, 12 megapixels {large:.2f} s, ratio {ratio:.2f}")
    median = statistics.median(ratios)
    print(f"  median of the ratio {median:.2f}, wanted at most {WANTED}: {'kept' if median <= WANTED else 'missed'}")
    return median


def main() -> int:
    """Measure; with --check the exit status says whether the ratio is kept."""
    parser = argparse.ArgumentParser(prog="make bench-detection", description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="fail when the ratio is missed")
    asked = parser.parse_args()
    detector = runtime.detector(threads=1)
    large = large_face()
    small = at_megapixels(large, 1)
    seconds(detector, small)
    median = report([(seconds(detector, small), seconds(detector, large)) for _ in range(ROUNDS)])
    print(f"  50 megapixels {seconds(detector, at_megapixels(large, 50)):.2f} s")
    print(f"  highest memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB")
    return 1 if asked.check and median > WANTED else 0


if __name__ == "__main__":
    sys.exit(main())
