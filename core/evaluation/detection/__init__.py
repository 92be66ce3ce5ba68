"""How well detectors tell defective parts from good ones, on labelled pictures."""
