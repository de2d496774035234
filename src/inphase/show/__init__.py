"""What people look at: re-timed videos, pictures, the page."""
