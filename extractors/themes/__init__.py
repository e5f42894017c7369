"""From a passage to labels: the gazetteer gate, the encoder, the head, the evidence."""
