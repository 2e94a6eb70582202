"""`make bench-audit`: what an audited transaction costs, how fast the log gets its order, and how large it is."""
