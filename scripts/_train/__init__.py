"""A training beside its loop: when its state is kept (`keeping`), and what it says (`saying`)."""
