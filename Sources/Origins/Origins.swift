// Origins.
