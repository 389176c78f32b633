"""What an export starts as processes of their own: converters, and what scores rows with what they made."""
