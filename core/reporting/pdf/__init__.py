"""The printed report: a nonconformity report as PDF."""
