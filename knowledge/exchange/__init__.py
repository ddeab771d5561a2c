"""Moving articles in and out: folders of Markdown, HTML and Mallard, JSON lines, and what other help centres export."""
