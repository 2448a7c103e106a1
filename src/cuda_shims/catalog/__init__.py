"""What NVIDIA publishes: tables of tools, contents and platforms. Touches no disk but its own table."""
