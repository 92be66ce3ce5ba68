"""PatchCore: a memory of normal patches."""
