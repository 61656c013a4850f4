"""What only the holders of a key may read: ciphers, keys wrapped by a master key, and what is sealed by them."""
