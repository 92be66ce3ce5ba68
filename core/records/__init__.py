"""Keep what was inspected, written and decided: the only room with SQL, and the file store.

Each module holds the functions of one subject; all take the open `store.database.Database` first.
"""
