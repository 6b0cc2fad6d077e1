"""What call-back agents, units and supervisors fill in; the API's schemas come from these forms."""
