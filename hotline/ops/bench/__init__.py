"""How fast the platform is on this machine: `manage.py bench`.

`site` starts a throw-away site, `patterns` and `building` fill it, `cast` says who asks for what,
`load` sends the requests, `bare_sql` does the same reads and writes without the application,
`run` puts it in order and `report` prints it.
"""
