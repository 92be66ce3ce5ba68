"""Domain knowledge: entries and documents, indexed and searched."""
