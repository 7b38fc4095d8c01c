"""Evidence: sheets of answers, areas and published results, read strictly and never changed."""
