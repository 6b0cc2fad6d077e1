"""Every address of the site."""

from allauth.account import views as account
from django.urls import include, path, re_path

import dispatch.api
import dispatch.tree_api
import evaluation.api
import evaluation.robot_api
import governance.api
import hotline.pages.list_api
import intake.api
import knowledge.api
from hotline.core.api import docs, health, reference, views
from hotline.ops.demo import shown_logins

# --- the REST API --------------------------------------------------------------------------
api_patterns = [
    *intake.api.routes(),
    *dispatch.api.routes(),
    *dispatch.tree_api.routes(),
    *evaluation.api.routes(),
    *evaluation.robot_api.routes(),
    *governance.api.routes(),
    *hotline.pages.list_api.routes(),
    path("categories", knowledge.api.CategoryList.as_view(), name="api-categories"),
    path("categories/<str:code>", knowledge.api.CategoryDetail.as_view(), name="api-category"),
    path("areas", reference.AreaList.as_view(), name="api-areas"),
    path("units", reference.UnitList.as_view(), name="api-units"),
    path("channels", reference.ChannelList.as_view(), name="api-channels"),
    path("schema", docs.OpenApiView.as_view(), name="api-schema"),
    path("docs/", docs.DocumentationView.as_view(), name="api-docs"),
    re_path("", views.UnknownAddress.as_view()),
]

urlpatterns = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("api/v1/", include(api_patterns)),
    # Accounts are made by the operator (manage.py staff): signing in and out is all there is.
    path(
        "accounts/login/",
        account.LoginView.as_view(extra_context={"demo_logins": shown_logins}),
        name="account_login",
    ),
    path("accounts/logout/", account.logout, name="account_logout"),
    path("accounts/inactive/", account.account_inactive, name="account_inactive"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("hotline.pages.urls")),
]

handler403 = "hotline.pages.views.errors.forbidden"
handler404 = "hotline.pages.views.errors.not_found"
handler500 = "hotline.pages.views.errors.failed"
