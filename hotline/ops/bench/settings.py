"""The site's own settings, but people may be called at any hour: the bench also runs at night."""

import datetime as dt

from hotline import settings as of_the_site

globals().update({name: getattr(of_the_site, name) for name in dir(of_the_site) if name.isupper()})
CALLBACK_HOURS = (dt.time.min, dt.time.max)
