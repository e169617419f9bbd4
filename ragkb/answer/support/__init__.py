"""The support scorer that comes with ragkb: word by word against the evidence, then by sentence and by answer."""
