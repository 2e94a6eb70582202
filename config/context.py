"""What the frame of every page needs: the entries of the bar that this person may use."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from rules.predicates import Predicate

from accounts.policies import is_adjudicator, is_administrator, is_reviewer
from audit.policies import can_read_log
from identification.policies import can_browse_galleries, can_see_encoders
from review.policies import can_see_agreements

# Key (templates add the count of waiting reviews by it), label, URL name, who may use it; None is everybody.
NAV: tuple[tuple[str, str, str, Predicate | None], ...] = (
    ("cases", "Cases", "identification:cases", None),
    ("review", "Review", "review:queue", is_reviewer | is_adjudicator),
    ("galleries", "Galleries", "identification:galleries", can_browse_galleries),
    ("encoders", "Encoders", "identification:encoders", can_see_encoders),
    ("agreements", "Agreements", "review:agreements", can_see_agreements),
    ("audit", "Audit", "audit:log", can_read_log),
    ("administration", "Administration", "admin:index", is_administrator),
)


@dataclass(frozen=True)
class NavEntry:
    """One word in the bar; `current` is the value of its aria-current, or empty."""

    key: str
    label: str
    url: str
    current: str


def frame(request: HttpRequest) -> dict[str, Any]:
    """Give every template the bar's entries and the nonce, neither of them made before it is used."""
    return {
        "nav_entries": SimpleLazyObject(partial(_nav_entries, request)),
        "csp_nonce": getattr(request, "csp_nonce", None),
    }


def _nav_entries(request: HttpRequest) -> list[NavEntry]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    here = max((reverse(name) for *_, name, _ in NAV if request.path.startswith(reverse(name))), key=len, default="")
    return [
        NavEntry(key, label, reverse(name), _current(request.path, reverse(name)) if reverse(name) == here else "")
        for key, label, name, may_use in NAV
        if may_use is None or may_use.test(user)
    ]


def _current(path: str, url: str) -> str:
    """Say whether the entry is this very page or the nearest above it."""
    return "page" if path == url else "true"
