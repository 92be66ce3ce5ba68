"""How records are kept: one DuckDB file, its schema, and rows of tables to and from the domain."""
