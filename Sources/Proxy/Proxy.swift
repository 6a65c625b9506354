// Proxy.
