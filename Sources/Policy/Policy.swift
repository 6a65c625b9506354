// Policy.
