"""CTR Lens: train click models on your own table and see how fields interact."""

__version__ = "0.1.0"
