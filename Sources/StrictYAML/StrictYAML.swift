// StrictYAML.
