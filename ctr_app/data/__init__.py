"""Tables, schemas, encoding and data sets. Imports nothing else of this package."""
