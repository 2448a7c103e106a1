"""What can be wrong, found before a build fails or explained after it did. Only the command line imports it."""
