"""The demonstration's voices after a result: feedback before the release, notes that both sign, an appeal that is open
and one that changed pay."""

from __future__ import annotations

import datetime
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from foundation.runs import services as runs
from foundation.trail.services import recording
from incentives.models import PayoutRun
from incentives.services import payout_runs
from people.models import User
from reviews.models import Acknowledgement, Appeal, Conversation, Cycle, Feedback, Participant
from reviews.selectors.appeals import eligible_deciders, items_of
from reviews.selectors.feedback import feedback_sheet, unanswered
from reviews.selectors.results import released_result_of
from reviews.services import acknowledgements, appeals, conversations, feedback

#: What the cycle asks for: a suggestion to each of the two weakest points below 65.
BLOCKS: dict[str, Any] = {
    "feedback": {"required": True, "weak_below": 65, "strong_from": 100, "most": 2},
    "appeal": {"days": 10, "answer_days": 7},
}
SUGGESTIONS = {
    "response_time": "每天上线前预读前一日的高频问题，缩短查找时间，每周看一次响应时长",
    "resolution_rate": "复杂问题先复述确认再处理，结束前问一句“还有其他问题吗”，两周后复盘",
    "satisfaction": "每周与班长一起听两通低分录音，各写一条改进话术",
    "complaint_rate": "遇到情绪激动的客户先安抚再解释规则，必要时请班长接手",
    "inspection": "对照质检表自查三通录音，重点看身份核实和结束语",
    "courtesy": "开场和结束语按规范用语完整说出，班长每周抽听两通",
    "initiative": "每天挑一位未解决的客户主动回访，并记录结果",
    "service_awareness": "说明规则时先讲对客户的影响，月底用三个实例复盘",
}
EVIDENCE = "本月多通录音中都能听到，已当面提醒过一次"
PRAISE = "连续几周稳定，值得同组学习"


def write_feedback(hr: User, cycle: Cycle) -> None:
    """Every manager answers the weak points of the own people; HR where nobody judges them any more."""
    if Feedback.objects.filter(participant__cycle=cycle).exists():
        return
    due = timezone.localdate() + datetime.timedelta(days=21)
    owed = unanswered(cycle)
    people = Participant.objects.filter(cycle=cycle, employee__in=list(owed)).select_related(
        "rater", "employee"
    )
    for participant in people.order_by("pk"):
        rater = participant.rater or hr
        points = [
            {
                "component": point.component,
                "subject": point.subject,
                "is_strength": point.is_strength,
                "evidence": PRAISE if point.is_strength else EVIDENCE,
                "suggestion": "" if point.is_strength else SUGGESTIONS.get(point.subject, EVIDENCE),
                "due_on": None if point.is_strength else due,
            }
            for point in feedback_sheet(cycle, participant).points
        ]
        with recording(actor=rater):
            feedback.save_feedback(
                actor=rater,
                cycle=cycle,
                employee_id=participant.employee_id,
                points=points,
                words="这个月总体努力，先抓最要紧的一两项。",
                version=0,
            )


def speak_up(*, hr: User, payroll: User, cycle: Cycle) -> None:
    """After the payout: the agent reads, talks, signs and appeals; another's appeal has been accepted and paid."""
    if Appeal.objects.filter(cycle=cycle).exists():
        return
    agent = User.objects.get(login="agent")
    _read_and_talk(cycle, agent)
    appeals.file_appeal(
        actor=agent,
        cycle=cycle,
        reason="当月第二周电话系统升级，部分来电集中转到我名下，这一项因此受了影响。附上当时的通知。",
        files=[
            SimpleUploadedFile("系统升级通知.txt", "第二周电话系统升级，部分来电集中转入少数坐席。".encode())
        ],
        **_wish(cycle, agent, 15),
    )
    _decide_another(hr, cycle, agent)
    runs.drain_outbox()
    for run in PayoutRun.objects.filter(cycle=cycle, state=PayoutRun.State.COMPUTED, kind="adjusting"):
        with recording(actor=payroll):
            payout_runs.approve_payout(actor=payroll, payout_run=run, seen_digest=run.content_digest)
    runs.drain_outbox()


def _wish(cycle: Cycle, person: User, more: float) -> dict[str, Any]:
    """The weakest KPI of the person, so many points higher."""
    result = released_result_of(person, cycle)
    assert result is not None
    lines = [item for item in items_of(cycle, result) if item.component == "kpis" and item.subject]
    item = min((each for each in lines if each.score is not None), key=lambda each: each.score or 0)
    return {
        "component": item.component,
        "subject": item.subject,
        "proposed_score": round((item.score or 0) + more, 1),
    }


def _read_and_talk(cycle: Cycle, agent: User) -> None:
    if not Acknowledgement.objects.filter(cycle=cycle, employee=agent).exists():
        acknowledgements.acknowledge_result(
            actor=agent, cycle=cycle, agrees=False, comment="有一项我有不同意见"
        )
    participant = Participant.objects.select_related("rater").get(cycle=cycle, employee=agent)
    if participant.rater is None or Conversation.objects.filter(participant=participant).exists():
        return
    notes = conversations.write_notes(
        actor=participant.rater,
        cycle=cycle,
        employee_id=agent.pk,
        held_on=timezone.localdate(),
        text="谈了本月各项指标。有一项双方看法不同，员工将提出申诉；约定下月每周一起听两通录音。",
        version=0,
    )
    conversations.sign_notes(
        actor=participant.rater, cycle=cycle, employee_id=agent.pk, content_hash=notes.content_hash
    )


def _decide_another(hr: User, cycle: Cycle, agent: User) -> None:
    """Somebody of another team, whose pay the accepted appeal raises."""
    mine = Participant.objects.get(cycle=cycle, employee=agent)
    other = (
        Participant.objects.filter(cycle=cycle, employee__left_on__isnull=True)
        .exclude(team=mine.team)
        .select_related("employee")
        .order_by("pk")
        .first()
    )
    if other is None:
        return
    person = other.employee
    appeal = appeals.file_appeal(
        actor=person,
        cycle=cycle,
        reason="这一项有三条记录被算了两次，明细里可以看到重复的记录编号。",
        **_wish(cycle, person, 20),
    )
    second = User.objects.get(login="hr2")
    decider = (
        second if eligible_deciders(appeal).filter(pk=second.pk).exists() else eligible_deciders(appeal)[0]
    )
    if other.rater is not None:
        appeals.comment_appeal(actor=other.rater, appeal_id=appeal.pk, text="核对过记录，确有重复。")
    appeals.assign_appeal(actor=hr, appeal_id=appeal.pk, decider_id=decider.pk)
    with recording(actor=decider):
        appeals.decide_appeal(
            actor=decider,
            appeal_id=appeal.pk,
            accept=True,
            reason="记录编号确有重复，扣除后应为申请的分数，予以采纳。",
        )
