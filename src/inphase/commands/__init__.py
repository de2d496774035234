"""One typed function per command: parses, calls one function of the library, prints."""
