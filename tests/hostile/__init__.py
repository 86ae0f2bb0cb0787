"""What somebody sends who means harm, or whose program is broken."""
