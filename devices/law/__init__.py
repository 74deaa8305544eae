"""Law as data: tables with their sources, their dates and the mark whether anybody verified them."""
