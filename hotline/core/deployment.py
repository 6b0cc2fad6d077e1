"""Which city this is, and whether its tickets are invented."""

from __future__ import annotations

from hotline.core.models import Deployment
from hotline.core.reference import remembered


@remembered(Deployment)
def deployment() -> Deployment:
    return Deployment.objects.first() or Deployment()
