"""From bytes to passages: articles, languages, passages, reference documents."""
