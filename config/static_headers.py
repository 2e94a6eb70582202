"""Headers of static files, beyond what WhiteNoise sets."""

from collections.abc import MutableMapping

# A worker is bound by the policy that its own script came with, not by that of the page that started it.
VERIFIER = "/js/verify/worker."
MAY_ONLY_LOAD_OUR_SCRIPTS = "default-src 'none'; script-src 'self'"


def add(headers: MutableMapping[str, str], path: str, url: str) -> None:  # noqa: ARG001  (as WhiteNoise calls it)
    """Let the script that reads a visitor's bundle connect to nothing."""
    if VERIFIER in url:
        headers["Content-Security-Policy"] = MAY_ONLY_LOAD_OUR_SCRIPTS
