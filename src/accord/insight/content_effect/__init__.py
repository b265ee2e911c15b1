"""What became of leads with whom an asset was used, against comparable leads without it; and what is never used."""
