"""Names of followed models and fields that have none of their own in their room.

Django derives these from the code, and the trail shows them in the reader's language. A model or field with a
verbose_name needs no line here.
"""

from django.utils.translation import gettext_noop as _

MODELS = (
    _("amendment"), _("delegation"), _("second review"),
    _("award kind"), _("batch"), _("clawback"), _("payout hold"), _("potential rating"), _("spot budget"),
    _("compensation"), _("cycle"), _("cycle template"), _("incentive plan"), _("job"), _("judgement"),
    _("kpi"), _("kpi version"), _("leadership"), _("measure"), _("membership"), _("payout decision"), _("payout run"),
    _("plan version"), _("role grant"), _("score sheet"), _("site"), _("source"), _("target edition"), _("team"),
    _("token"), _("user"),
    _("amendment"), _("delegation"), _("second review"),
)  # fmt: skip
FIELDS = (
    _("agreed version"), _("asked by"), _("assessed by"), _("closings"), _("contact name"), _("days"),
    _("delegate"), _("delegator"), _("details"), _("digest"), _("edit"), _("ended at"), _("ended by"),
    _("group"), _("is dropped"), _("is open"), _("latest version"), _("levels"), _("minimum"),
    _("objective"), _("proposed at"), _("replaces"), _("reviewer"), _("round"), _("side"),
    _("submitted by"),
    _("aliases"), _("answer"), _("proposed by"), _("rating"), _("rating proposal"), _("approved at"),
    _("approved by"), _("comment"), _("component"), _("configuration"),
    _("configuration version"), _("content digest"), _("created at"), _("created by"), _("currency"), _("cycle"),
    _("decided at"), _("decided by"), _("decision"), _("description en"), _("description zh"), _("duties"),
    _("employee"), _("expires at"), _("fingerprint"), _("form key"), _("first day"), _("frozen at"), _("granted by"),
    _("import record"), _("is active"), _("item"), _("job"), _("kind"), _("kpi"), _("last day"), _("level"),
    _("lines"), _("mapping"), _("measure ids"), _("name"), _("name sort"), _("number"), _("parent"),
    _("participant"), _("path"), _("payout run"), _("plan"), _("plan version"), _("prefix"), _("published run"),
    _("rater"), _("reason"), _("rejected at"), _("rejected by"), _("rejection"), _("released at"),
    _("replaced by"), _("result run"), _("revoked at"), _("role"), _("rows"), _("run"), _("scopes"), _("sheet"),
    _("site"), _("source"), _("state"), _("submitted at"), _("summary"), _("team"), _("temporary password until"),
    _("agents"), _("answers"), _("before fatal"), _("call"), _("content"), _("decision reason"), _("doubled"),
    _("drawn"), _("every"), _("form"), _("form version"), _("inspection"), _("inspector"), _("items"), _("left out"),
    _("needs measure"), _("new score"), _("occurred at"), _("population"), _("population digest"), _("position"),
    _("amount"), _("entry"), _("monthly share"), _("put at"), _("put by"), _("release reason"), _("released by"),
    _("salary"), _("score"), _("raised at"), _("sample"), _("scored by"), _("shortfalls"), _("spread"),
    _("appeal"), _("content hash"), _("conversation"),
    _("manager"), _("month"), _("points"), _("rated by"), _("rule"),
    _("total"), _("updated at"), _("updated by"), _("user"), _("valid"), _("version"),
    _("agreed version"), _("asked by"), _("assessed by"), _("closings"), _("contact name"), _("days"),
    _("delegate"), _("delegator"), _("details"), _("digest"), _("edit"), _("ended at"), _("ended by"),
    _("group"), _("is dropped"), _("is open"), _("latest version"), _("levels"), _("minimum"),
    _("objective"), _("proposed at"), _("replaces"), _("reviewer"), _("round"), _("side"),
    _("submitted by"), _("ratee unknown"),
)  # fmt: skip
