"""Table files: what they are, and their rows exactly as written."""
