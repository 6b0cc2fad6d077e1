"""What call-back agents, units and supervisors fill in; the API's schemas are made from these forms."""
