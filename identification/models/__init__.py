"""The tables of identification, one module per concept."""

from identification.models.case import (
    PRIMARY_IDENTIFIERS,
    Case,
    GalleryKind,
    IdentifierKind,
    Priority,
    Purpose,
    PurposePolicy,
    gallery_kind_of,
)
from identification.models.correction import FaceCorrection
from identification.models.encoder import Calibration, Encoder
from identification.models.gallery import Gallery, Person, Reference
from identification.models.job import Job
from identification.models.photograph import Embedding, Face, Photograph, RefusedFile
from identification.models.search import Candidate, Probe, Search, SearchedGallery

__all__ = [
    "PRIMARY_IDENTIFIERS",
    "Calibration",
    "Candidate",
    "Case",
    "Embedding",
    "Encoder",
    "Face",
    "FaceCorrection",
    "Gallery",
    "GalleryKind",
    "IdentifierKind",
    "Job",
    "Person",
    "Photograph",
    "Priority",
    "Probe",
    "Purpose",
    "PurposePolicy",
    "Reference",
    "RefusedFile",
    "Search",
    "SearchedGallery",
    "gallery_kind_of",
]
