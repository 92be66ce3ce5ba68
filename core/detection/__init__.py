"""Image to score and anomaly map."""
