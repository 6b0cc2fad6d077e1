"""Personal data: one spelling of it, what is shown of it, and how it is kept (design: who sees
what). Pure functions; the keys are passed in."""
