"""What an orbit settles into: fixed point, cycle, curve, chaos, or nothing that can be said."""
