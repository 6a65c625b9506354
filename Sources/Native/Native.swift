// Native.
