"""Figures of merit, measured on labelled data."""
