"""Refusals of uploaded tables."""

from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "table_of_unknown_kind": _("只能上传 .xlsx 或 .csv 文件；.xls 请先另存为 .xlsx。"),
    "table_unreadable": _("这个文件打不开：请确认是 .xlsx 或 .csv 表格，没有损坏、没有加密。"),
    "table_too_large": _("文件太大，最多 %(megabytes)s MB。"),
    "table_too_long": _("表格超过 %(most)s 行，不能导入：请确认选对了文件。"),
    "table_without_head": _("没有找到表头：前几行里应有“%(column)s”这一列。"),
}
