"""Pages of identification: parse, ask, call, render."""
