"""What the demo model can talk about: each file ends with SKILLS = [(function, weight), ...]."""
