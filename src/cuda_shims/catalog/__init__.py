"""What NVIDIA publishes: tables of tools, contents and platforms. Reads no file except its own table."""
