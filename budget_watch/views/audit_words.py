"""What entries of the audit log are called for people: acts and rooms; codes stay beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from budget_watch.access.register import WORDS
from budget_watch.access.sessions import METHODS
from budget_watch.casework.exemption_acts import ACTS
from budget_watch.casework.livelihood import STEPS
from budget_watch.casework.workflow import NEED_WORDS, workflow_of
from budget_watch.lake import Home
from budget_watch.meetings.agenda import STEPS as AGENDA
from budget_watch.meetings.demands import DemandDesk
from budget_watch.opinions.opinion import OpinionDesk

ROOMS: Mapping[str, str] = {
    "user": "账号和登录",
    "case": "疑点办理",
    "opinion": "意见",
    "topic": "议题",
    "exemption": "例外情形",
    "inspection": "随机抽查",
    "backtest": "规则回测",
    "livelihood": "民生实事",
    "resolution": "决议事项",
    "congress": "人代会会次",
    "agenda": "会议议题",
    "node": "监督日历的节点",
    "finding": "查看疑点",
    "voucher": "查看凭证",
    "attachment": "查看附件",
    "paper": "文书和清单的导出",
    "lists": "四张清单的导出",
    "digest": "季刊",
    "matrix": "权限矩阵的导出",
    "notice": "通知",
    "lake": "数据清理",
    "audit": "审计日志",
}
_ACTS: Mapping[str, str] = {
    "user.add": "开立账号",
    "user.disable": "停用账号",
    "user.enable": "恢复账号",
    "user.connect": "对上统一认证",
    "user.password": "设密码",
    "user.role": "授予角色",
    "user.role_end": "收回角色",
    "user.scope": "改范围",
    "user.approve": "批准看得更深",
    "user.approve_end": "收回批准",
    "user.sign_in": "登录",
    "user.sign_in_failed": "登录失败",
    "user.act_in": "切换身份",
    "user.command_as": "命令行以其身份查看",
    "user.session_end": "结束会话",
    "user.sessions_end": "结束全部会话",
    "user.enrol_code": "发放手机二维码",
    "user.enrol": "绑定手机",
    "user.device_end": "解除绑定的手机",
    "user.totp_begin": "生成动态口令",
    "user.totp_on": "启用动态口令",
    "user.totp_off": "停用动态口令",
    "user.recovery_used": "用恢复码登录",
    "audit.read": "查看日志",
    "audit.verify": "核对日志",
    "audit.export": "导出日志",
    "case.attach": "附上文件",
    "opinion.attach": "附上文件",
    "case.rate": "评价",
    "attachment.read": "下载附件",
    "finding.view": "打开疑点",
    "voucher.view": "打开凭证",
    "voucher.list": "列出凭证",
    "lists.export": "导出四张清单",
    "digest.build": "生成季刊",
    "digest.cancel": "取消生成季刊",
    "digest.publish": "发布季刊",
    "digest.withdraw": "撤回季刊的发布",
    "digest.export": "导出季刊",
    "digest.verify": "核对季刊",
    "paper.export": "导出文书或清单",
    "page.export": "导出页面",
    "page.print": "打开打印版",
    "matrix.export": "导出权限矩阵",
    "notice.address": "设置消息地址",
    "backtest.start": "开始回测",
    "backtest.cancel": "取消回测",
    "inspection.draw": "抽取",
    "inspection.result": "记抽查结果",
    "exemption.register": "登记例外情形",
    "topic.say": "在议题里发言",
    "topic.cast": "投票",
    "livelihood.register": "登记民生实事",
    "congress.open": "开会次",
    "congress.route": "转财政解答组",
    "congress.answer": "解答",
    "congress.close": "提前闭会",
    "congress.report": "上传报告文本",
    "congress.package": "制作离线材料",
    "resolution.register": "登记决议事项",
    "agenda.register": "登记会议议题",
    "resolution.attach": "给决议事项加附件",
    "lake.prune": "清理快照",
}
_DETAILS: Mapping[str, str] = {
    "number": "编号",
    "role": "角色",
    "scope": "范围",
    "before": "原为",
    "matter": "事项",
    "window": "业务日期",
    "since": "起",
    "until": "止",
    "reason": "原因",
    "display": "姓名",
    "subject": "统一认证",
    "device": "设备",
    "address": "网络",
    "method": "方式",
    "own": "本人",
    "names": "可看",
    "depth": "深度",
    "sensitivity": "敏感级别",
    "approval": "批准",
    "session": "会话",
    "sessions": "会话数",
    "tries": "连错次数",
    "expires_in_hours": "有效小时",
    "command": "命令",
    "entries": "条数",
    "complete_to": "有锚证明到",
    "limit": "最多条数",
    "newest": "最近的在前",
    "user": "账号",
    "act": "动作",
    "file": "文件",
    "bytes": "字节",
    "lines": "行数",
    "ending": "格式",
    "rows": "行数",
    "year": "年度",
    "text": "文字",
    "mail": "邮件",
    "gateway": "网关",
    "case": "办理",
    "finding": "疑点",
    "rule": "规则",
    "from": "原状态",
    "to": "新状态",
    "version": "第几步",
    "given": "填写",
    "step": "步骤",
    "state": "状态",
    "transition": "步骤",
    "findings": "疑点",
    "percent": "完成百分比",
    "quarter": "季度",
    "word": "评定",
    "remark": "意见",
    "side": "评哪一边",
    "goal": "目标任务",
    "lead": "承办单位",
    "planned": "计划资金",
    "projects": "项目",
    "others": "其他承办单位",
    "hash": "校验码",
    "size": "字节",
    "kind": "种类",
    "draw": "抽查",
    "answers": "核对结果",
    "items": "抽中",
    "department": "部门",
    "share": "比例",
    "seed": "随机种子",
    "snapshot": "快照",
    "population": "总体",
    "population_hash": "总体校验码",
    "title": "标题",
    "ids": "编号",
    "regions": "区划",
    "departments": "部门",
    "units": "单位",
}
_VALUES: Mapping[str, Mapping[str, str]] = {"method": METHODS}
_HEX = re.compile(r"\b[0-9a-f]{24,}\b")  # a hash: nobody reads more of it than its beginning
_SHOWN = 10


def detail_word(name: str) -> str:
    """What a detail of an entry is called; its code where it has no word."""
    return _DETAILS.get(name) or NEED_WORDS.get(name, name)


def told(said: Mapping[str, object], words: Mapping[str, Mapping[str, str]]) -> str:
    """Details of an entry as a person reads them: `名称：内容；…`, what is empty left out.

    Args:
        words: detail → code → word, as this installation has them (its roles).
    """
    known = {**_VALUES, **words}
    return "；".join(
        f"{detail_word(name)}：{_value(name, value, known)}"
        for name, value in said.items()
        if value not in (None, "", "..", [], {})
    )


def shortened(text: str) -> str:
    """A text whose hashes are cut to their beginnings; the export has them whole."""
    return _HEX.sub(lambda found: f"{found.group()[:_SHOWN]}…", text)


def _value(name: str, value: object, words: Mapping[str, Mapping[str, str]]) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Mapping):
        inside = (f"{detail_word(str(k))} {_value(str(k), v, words)}" for k, v in value.items())
        return "、".join(inside)
    if isinstance(value, list | tuple):
        return "、".join(_value(name, each, words) for each in value)
    if name in ("scope", "before") and isinstance(value, str) and value.count("/") == 2:
        kinds = zip(WORDS.values(), value.split("/"), strict=True)
        limits = [f"{word} {codes.replace(',', '、')}" for word, codes in kinds if codes != "*"]
        return " ".join(limits) or "不限行"
    return words.get(name, {}).get(str(value), str(value))


def act_words(home: Home) -> Mapping[str, str]:
    """Act → word, with the steps of the installation's own files."""
    found = dict(_ACTS)
    found |= {f"case.{each.id}": each.title for each in workflow_of(home.root).transitions}
    found |= {f"opinion.{each.id}": each.title for each in OpinionDesk.of(home).flow.transitions}
    found |= {f"exemption.{name}": word for name, word in ACTS.items()}
    found |= {f"resolution.{e.id}": e.title for e in DemandDesk.of(home).flow.transitions}
    found |= {f"agenda.{name}": word for name, word in AGENDA.items()}
    return found | {f"livelihood.{name}": word for name, word in STEPS.items()}
