"""What shows the analyses: the picture and the face that is looked at."""
