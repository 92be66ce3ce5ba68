"""Smart Factory Anomaly Reporting System: everything but the screens.

`__version__` is the program's version, and the only place where it is written: every inspection,
revision, detector's card and printed report names the program that made it.
"""

__version__ = "0.1.0"
