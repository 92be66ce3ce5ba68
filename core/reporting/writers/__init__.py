"""Report writers: each turns a question into an answer, and all of them keep one contract."""
