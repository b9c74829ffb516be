"""What is written into the output folder, and how: whole or not at all."""
