"""What the tables of a measurement allow to be said, in words, each with its figures."""
