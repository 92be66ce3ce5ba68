"""How well the evidence fits that an inspection is given."""
