"""What two or more scripts share, in small modules named after the thing they hold."""
