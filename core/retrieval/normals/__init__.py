"""Normal parts and labelled defects as visual evidence."""
