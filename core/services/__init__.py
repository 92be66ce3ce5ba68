"""What a person or a program can ask for, a module for each use case."""
