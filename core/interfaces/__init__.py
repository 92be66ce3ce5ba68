"""The command line and REST; the console's pages are the third interface, outside core."""
