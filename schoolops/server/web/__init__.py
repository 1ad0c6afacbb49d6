"""The web pages: which there are, and how the application gets them."""
