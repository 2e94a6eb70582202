"""From an upright photograph to faces and their embeddings; a library that knows neither Django nor the database."""
