"""What an environment holds: toolkits, distributions, interpreters."""
