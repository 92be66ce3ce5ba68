"""Pure functions of counts and scores: intervals, control charts, drift, rates."""
