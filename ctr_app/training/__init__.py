"""Training one run, measuring it, storing it, and running many in the background."""
