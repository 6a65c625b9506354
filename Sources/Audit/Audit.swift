// Audit.
