"""Measurements of speed and memory that anyone can repeat, on servers of their own."""
