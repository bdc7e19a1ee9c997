"""The training loops that speed.py compares, each driven by one small adapter inside its own environment."""
