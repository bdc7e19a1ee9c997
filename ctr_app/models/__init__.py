"""Click models: FM, DCN and DIN. No files, no screen."""
