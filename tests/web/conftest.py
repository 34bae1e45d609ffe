"""Page tests import models at the top, so Django is made ready before their modules are read."""

import django

django.setup()
