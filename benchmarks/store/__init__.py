"""How fast the stores write, how large they are, and how fast they answer an operator."""
