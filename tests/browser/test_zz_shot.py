import json
import pytest
from django.utils import timezone
from hotline.core.models import Role, Deployment
from hotline.core.reference import forget_all
from hotline.core.partitions import ensure_months
from tests import factories as make
from tests.browser import axe
from tests.governance import publishing
from tests.pages import test_boundaries as b
pytestmark = pytest.mark.browser

def test_shot(open_page, settings, tmp_path):
    now = timezone.now()
    ensure_months(make.AT.date() - make.days(62), now.date() + make.days(31))
    Deployment.objects.update_or_create(id=1, defaults={"is_simulated": True}); forget_all()
    publishing.close_april()
    for n in range(5):
        make.handled_ticket(at=now - make.hours(2))
        make.accepted_ticket(at=now - make.hours(3), area=make.area("990102001"))
    make.closed_ticket(at=now-make.days(9))
    path = tmp_path / "m.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": b.invented()}))
    settings.MAP_BOUNDARIES, settings.MAP_APPROVAL_NUMBER = str(path), b.NUMBER
    staff = make.make_staff(Role.CITY_SUPERVISOR)
    for w, h in ((1920, 1080), (1366, 768), (390, 844)):
        page = open_page(staff, "/wall/", width=w, height=h)
        for dot in page.locator("[data-show]").all():
            dot.click(); page.wait_for_timeout(700)
            page.screenshot(path=f"/tmp/h/wall_{w}_{dot.get_attribute('data-show')}.png", full_page=True)
            print(w, dot.get_attribute('data-show'), page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"))
        if hasattr(axe, "violations"): print(w, axe.violations(page))
        page = open_page(staff, "/dashboard/", width=max(w, 390), height=h)
        page.locator("#board-tiles").scroll_into_view_if_needed()
        page.locator("section:has(#board-tiles)").screenshot(path=f"/tmp/h/map_{w}.png")
        if w != 1366 and hasattr(axe, "violations"): print(w, axe.violations(page))
