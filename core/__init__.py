"""Smart Factory Anomaly Reporting System: everything but the screens."""
