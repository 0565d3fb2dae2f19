"""The demonstration's sign-ins: one per role, with one password that is no secret, on one's own machine only."""

from __future__ import annotations

PASSWORD = "laurel-demo"  # noqa: S105  printed on purpose; build_demo refuses to run where LAUREL_DEMO is off

# (login, role in English, role in Chinese)
ACCOUNTS = [
    ("hr", "HR: configures, launches, releases, pays", "人力资源"),
    ("payroll", "payroll: approves what HR computed", "薪酬审批"),
    ("manager", "team leader: scores the team (Chinese)", "班组长"),
    ("manager2", "team leader (English)", "班组长（英文）"),
    ("agent", "agent: sees where they stand (Chinese)", "客服人员"),
    ("agent2", "agent (English)", "客服人员（英文）"),
    ("auditor", "auditor: reads everything, changes nothing", "审计"),
]
