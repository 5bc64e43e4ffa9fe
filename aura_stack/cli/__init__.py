"""What a person types and reads: commands parse and print, and decide nothing."""
