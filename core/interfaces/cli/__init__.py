"""The commands of `python -m core`, one in each file."""
