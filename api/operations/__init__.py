"""What an operator does with the whole: copies, bringing them back, another key for what is encrypted."""
