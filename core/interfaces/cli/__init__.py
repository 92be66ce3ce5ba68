"""The commands of `python -m core`, one a file."""
