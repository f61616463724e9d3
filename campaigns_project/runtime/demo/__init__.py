"""Made-up data to look at, and the main job run once from end to end."""
