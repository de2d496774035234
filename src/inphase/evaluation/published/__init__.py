"""What papers print: their numbers, and how they trained for them."""
