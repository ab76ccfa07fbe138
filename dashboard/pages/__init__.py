"""One module a page: from an address and a context to what stands on it."""
