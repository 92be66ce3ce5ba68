"""Reports: written, checked and printed."""
