"""The only place with SQL, and the files that the records point to."""
