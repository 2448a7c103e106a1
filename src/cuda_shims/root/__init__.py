"""What a toolkit root holds, and making one."""
