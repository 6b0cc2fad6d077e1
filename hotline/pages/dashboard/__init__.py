"""The leader's dashboard: a month and this moment of the city, a district or a unit."""
