"""Image backbones, temporal models, and the encoder that joins the two."""
