// Clinical.
