"""How a drawn face gets into the photo: mask, colour, blend."""
