"""Measure on labelled pictures how well detectors tell defective parts from good ones."""
