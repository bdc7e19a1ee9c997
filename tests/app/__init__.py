"""Tests of the pages inside Streamlit's own AppTest, and of the words they show."""
