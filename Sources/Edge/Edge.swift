// Edge.
