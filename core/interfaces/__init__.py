"""The command line and REST; the pages of the console are their sibling outside."""
