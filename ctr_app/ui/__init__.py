"""Everything that is Streamlit: widgets made from settings, charts from tidy frames, session state."""
