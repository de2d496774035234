"""What comes in: videos, collections of them, labels, and rendered activities."""
