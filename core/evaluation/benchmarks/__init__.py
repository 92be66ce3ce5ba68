"""Speed and load, measured side by side in one run."""
