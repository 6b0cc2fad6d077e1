"""What dispatchers and handlers fill in; the API's schemas are made from these same forms."""
