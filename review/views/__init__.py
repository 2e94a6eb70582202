"""Pages of a review, one module per part of the work."""
