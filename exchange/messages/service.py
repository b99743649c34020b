"""The verbs of messages: tell an organisation something, and mark a message as read."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final
from uuid import UUID

from exchange.calendar.counting import Matter
from exchange.kernel.database import AsyncSession
from exchange.kernel.identifiers import new_id
from exchange.kernel.work import Work
from exchange.messages import queries
from exchange.messages.models import Message
from exchange.messages.outbox import hand_over
from exchange.messages.schemas import MessageOut

TITLES: Final[Mapping[str, tuple[str, str]]] = {
    "deadline.near": ("A deadline ends soon", "期限即将届满"),
    "deadline.overdue": ("A deadline is over", "期限已届满"),
    "agreement_notice.announced": ("The sharing of data that you use stops or changes", "所使用数据的共享将停止或变更"),
    "agreement_notice.consulted": ("A stop or change was consulted on and filed", "停止或变更共享已协商并备案"),
    "agreement_notice.carried_out": (
        "The sharing of data that you use has stopped or changed",
        "所使用数据的共享已停止或变更",
    ),
    "agreement_notice.withdrawn": ("A notice of a stop or change was withdrawn", "停止或变更共享的通知已撤回"),
    "consent.ended": ("Consent ended: delete what you hold", "同意已终止，请删除所持有的个人信息"),
    "correction.filed": ("A consumer found your data wrong", "收到数据校核申请"),
    "correction.corrected": ("Data that you receive was corrected", "所使用的数据已更正"),
    "correction.confirmed": ("The owner confirmed that the data is accurate", "提供方确认数据无误"),
    "correction.withdrawn": ("A correction was withdrawn", "校核申请已撤回"),
    "correction.settled": ("A consumer accepted your answer", "使用方接受校核结果"),
    "correction.disputed": ("A consumer disputes your answer", "使用方对校核结果有异议"),
    "correction.resolved": ("The dispute about a correction has ended", "校核争议已办结"),
    "rights_application.drafted": ("An application for registration waits for your confirmation", "权益登记申请待确认"),
    "rights_application.confirmed": ("A party confirmed an application for registration", "权益登记申请已获确认"),
    "rights_application.discarded": ("An application for registration was discarded", "权益登记申请草稿已删除"),
    "rights_application.filed": ("An application for registration was filed", "权益登记申请已提交"),
    "rights_application.returned": ("An application for registration needs a supplement", "权益登记申请需补正"),
    "rights_application.supplemented": ("An application for registration was supplemented", "权益登记申请已补正"),
    "rights_application.not_filed": (
        "An application for registration was not supplemented in time",
        "逾期未补正，视为未申请",
    ),
    "rights_application.accepted": ("An application for registration was accepted", "权益登记申请已受理"),
    "rights_application.deemed_accepted": (
        "An application for registration is deemed accepted",
        "权益登记申请视为受理",
    ),
    "rights_application.evidence_asked": ("The registrar asks for evidence", "登记人员要求补充证明材料"),
    "rights_application.evidence_given": ("Evidence was given to the registrar", "证明材料已补充"),
    "rights_application.extended": ("The review of an application was extended", "权益登记审查已延期"),
    "rights_application.publicised": ("An application for registration is in publicity", "权益登记申请公示中"),
    "rights_application.publicity_waived": ("The publicity of an application was waived", "权益登记申请不予公示"),
    "rights_application.objected": ("An organisation objects to an application", "权益登记公示收到异议"),
    "rights_application.objection_dismissed": ("An objection was dismissed", "一项异议不成立"),
    "rights_application.objections_cleared": ("All objections were dismissed", "异议均不成立，公示继续"),
    "rights_application.objection_upheld": (
        "An objection was upheld; the application is refused",
        "异议成立，不予登记",
    ),
    "rights_application.refused": ("An application for registration was refused", "权益登记申请不予登记"),
    "rights_application.terminated": ("An application for registration was terminated", "权益登记已终止"),
    "rights_application.withdrawn": ("An application for registration was withdrawn", "权益登记申请已撤回"),
    "rights_application.deposited": ("Rights are registered", "权益登记已完成"),
    "rights_objection.decided": ("Your objection was decided", "所提异议已处理"),
    "rights_objection.over": ("The application that you objected to has ended", "所提异议的申请已终止"),
    "record_objection.holder_told": ("An organisation objects to a record of yours", "已登记权益收到异议"),
    "record_objection.rejected": ("Your objection to a record was not taken up", "所提异议材料不符合要求"),
    "record_objection.agreed": ("The holder agrees to your objection", "权利人同意所提异议"),
    "record_objection.contested": ("The holder contests your objection", "权利人不同意所提异议"),
    "record_objection.upheld": ("An objection to a record was upheld", "对已登记权益的异议成立"),
    "record_objection.dismissed": ("An objection to a record was dismissed", "对已登记权益的异议不成立"),
    "record_objection.withdrawn": ("An objection to a record was withdrawn", "对已登记权益的异议已撤回"),
    "webhook.held": ("A webhook of yours is held: its server failed too often", "网络回调因多次失败已暂停"),
    "rights_record.lapsed": ("A record of rights lapsed", "权益登记已失效"),
    "market_listing.approved": ("Your listing was approved", "挂牌申请已通过审核"),
    "market_listing.rejected": ("Your listing was rejected", "挂牌申请未通过审核"),
    "market_listing.suspended": ("Your listing was suspended", "挂牌已暂停"),
    "market_listing.resumed": ("Your listing is open again", "挂牌已恢复"),
    "order.placed": ("An order was placed", "收到订单"),
    "order.contract_drafted": ("The contract of your order is drafted: read and sign it", "合同已拟定，请阅读并签署"),
    "order.signed_by_one": ("The other side has signed the contract", "对方已签署合同"),
    "order.signed": ("Both sides have signed the contract", "合同双方已签署"),
    "order.payment_awaited": ("The payment is due before the delivery", "待付款后交付"),
    "order.begun": ("The delivery has begun", "已开始交付"),
    "order.paid": ("A payment was received", "已收到付款"),
    "order.delivered": ("The data can be retrieved: inspect it in time", "数据已交付，请按期验收"),
    "order.accepted": ("The delivery was accepted", "已验收"),
    "order.deemed_accepted": ("The delivery is deemed accepted", "逾期未提异议，视为验收"),
    "order.objected": ("The buyer objects to the delivery", "买方提出验收异议"),
    "order.cured": ("The seller has cured the objection: inspect again", "卖方已补正，请重新验收"),
    "order.disputed": ("The order is in dispute", "订单发生争议"),
    "order.resolved": ("The dispute about an order has ended", "订单争议已处理"),
    "order.refunded": ("The seller refunds what was in dispute", "卖方退款"),
    "order.repaid": ("A repayment was made", "已退回款项"),
    "order.settled": ("The order is settled", "订单已结清"),
    "order.closed": ("The order is closed", "订单已办结"),
    "order.cancelled": ("An order was cancelled", "订单已取消"),
    "order.lapsed": ("An order was not signed in time and has lapsed", "逾期未签署，订单失效"),
    "order.terminated": ("The contract was terminated; deliveries stop", "合同已解除，停止交付"),
}
"""The titles of known kinds, in English and Chinese. A kind of another room is shown by its name."""


async def notify(
    session: AsyncSession,
    *,
    organisation: UUID,
    kind: str,
    about: Matter,
    key: str,
    now: datetime,
    day: date | None = None,
) -> bool:
    """Tell an organisation something, in the session's transaction; returns whether it is new.

    `key` names the cause, such as the id of a deadline with the kind: a cause gives one message to an organisation.
    """
    identifier = new_id()
    is_new = await queries.add(
        session,
        {
            "id": identifier,
            "organisation_id": organisation,
            "kind": kind,
            "matter_kind": about.kind,
            "matter_id": about.id,
            "day": day,
            "key": key,
            "created_at": now,
        },
    )
    if is_new:
        await hand_over(session, organisation=organisation, message=identifier, kind=kind)
    return is_new


async def mark_read(work: Work, message_id: UUID) -> MessageOut:
    """Mark a message of the principal's organisation as read; the first reader stays. Raises Forbidden, NotFound."""
    work.permit("message", "read", work.principal.organisation)
    message = await queries.lock_message(work.session, work.principal.organisation, message_id)
    if message.read_at is None:
        message.read_at, message.read_by = work.runtime.clock.now(), work.principal.id
    return message_out(message)


def message_out(message: Message) -> MessageOut:
    """A message as the API shows it."""
    title, title_zh = TITLES.get(message.kind, (message.kind, message.kind))
    return MessageOut(
        id=message.id,
        kind=message.kind,
        title=title,
        title_zh=title_zh,
        matter={"kind": message.matter_kind, "id": str(message.matter_id)},
        day=message.day,
        created_at=message.created_at,
        read_at=message.read_at,
    )
