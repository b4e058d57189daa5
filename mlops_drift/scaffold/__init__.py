"""A first defs.yaml from files: guesses about key, days, columns, target and gate, with reasons."""
