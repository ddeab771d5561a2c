"""The one search: an index of article sections, and what is found in it. Nobody else imports whoosh."""
