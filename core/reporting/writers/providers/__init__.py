"""Providers of models over a network: what is particular to each."""
