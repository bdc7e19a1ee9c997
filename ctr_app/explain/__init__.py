"""What a trained model has learned: pure functions from a model and data to tidy frames."""
