"""Exports: a part of the log in a file, written by a worker.

`jobs` asks for one, keeps its row and hands it over; `work` does what a worker does; `bundle` and `table` write the
formats; `selection` says which entries are shown; `waiting` gets a checkpoint from the sequencer.
"""
