"""What lists, searches, filters and counts of leads cost the database at 1,000,000 leads."""
