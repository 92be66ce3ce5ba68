"""Long work in the background: a durable queue over the records, and the threads that serve it."""
