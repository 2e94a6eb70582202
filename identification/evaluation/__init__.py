"""How often recognition errs, measured on anybody's photographs; it knows neither Django nor the database."""
