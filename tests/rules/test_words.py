# ruff: noqa: E501
"""The word lists of the rule book: what each must find and what it must leave alone.

Texts stand between blanks; `_` is a blank inside a text.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from budget_watch.engine import load_book
from budget_watch.engine.evaluate import Evaluator
from budget_watch.engine.functions import Lists
from budget_watch.engine.lists import has_words
from budget_watch.engine.parse import Scope, parse
from budget_watch.engine.units import TEXT, Column
from budget_watch.lake.marts.party import party_key
from budget_watch.lake.marts.purpose import plain_text

FOUND = {
    "reception": """公务接待费 接_待_费 招待费 宴请来访客商 陪餐费 接洽用餐费 来宾住宿费 公务用餐 外地客商接待
        兄弟单位来访接待费 客饭 欢迎宴 答谢宴会 督查组食宿费 外地考察团住宿 接待来访考察团 请客用餐 考察组接风 接待室会商来宾用餐 业务招待""",
    "reception_meal": """调研组用餐费 陪同检查组工作餐 来访客人午餐费 洽谈客商餐费 上级领导用餐 兄弟单位来人晚餐 迎检工作餐 巡察组就餐费 来人便饭""",
    "vehicle": """公务用车加油 公车维修 车辆保养费 车辆年检 公务车洗车费 公务车辆停车费 车辆保险费 执法车轮胎更换
        公务用车充电费 小车燃料费 车辆续保 车辆喷漆 更换车辆电瓶 车辆大修 汽车配件 ＥＴＣ通行费 车辆过路过桥费 小车检修""",
    "vehicle_sure": """加油卡充值 油料费 过路费 高速公路通行费 ETC充值 etc费用 ＥＴＣ 洗车费 中石化加油 中国石油加油 购买汽油 汽_油_费 交强险 路桥费""",
    "overseas": """出国考察费 因公出境费用 出访德国团组 签证费 办理护照费 赴外考察 赴香港参展 境外培训费 境外住宿费
        国际机票 赴新加坡招商 因公赴港费用 赴匈牙利访问 赴东京招商 赴印尼 赴蒙古国 港澳考察费 海外引才团组 赴日韩考察 赴台交流 港澳通行证办理 赴美国学习 因_公_出_国""",
    "prepaid": """预付会议费 预存加油卡 预充值油卡 预交培训费 提前支付明年接待费 预缴会务费 预先支付场地费 会议定金 会场订金 预储油款 存入加油卡 预_付_餐费""",
    "prepaid_payee": """示范恒信酒店有限公司 示范宾馆 中国石化销售示范分公司 中国石油示范加油站 示范青年旅行社
        示范度假村 示范国旅 示范旅游有限公司""",
    "luxury": """购礼品 茅台酒 高档烟酒 购物卡 足浴消费 会所消费 高尔夫球费 纪念品 香烟 五粮液 礼金 土特产
        ＫＴＶ消费 红酒 月饼礼盒 洗浴费 代金券 温泉票 购_物_卡 参观会所用餐 虫草 酱香酒 西凤酒 购买烟、酒 蛋糕券 名家字画 采购酒""",
    "luxury_shop": "示范烟酒店 名烟名酒",
    "meal": "用餐费 餐费 聚餐费 餐饮费",
    "meal_other": "会议用餐 加班餐费 学生就餐 值班用餐费 食堂餐费 防汛人员用餐 参训学员就餐",
    "prepaid_settled": "核销9月预付款 预付部分已扣 抵扣预存款 预付后结算尾款",
    "organisation_names": "惠民药房 市电视台 星空网吧 绿源苗圃 老李修理部",
    "tax_and_pooled": "缴纳增值税 契税 残疾人就业保障金 电费银行批扣 代扣社保",
    "luxury_travel": "职工旅游费 外出旅游 景区门票 春游活动 赴海南旅游 旅游团费 观光费用",
    "luxury_payee": """示范名烟名酒行 示范烟酒店 示范茶楼 示范足浴城 碧水会所 示范高尔夫俱乐部 示范KTV 示范洗浴中心 示范礼品店
        示范国际旅行社 示范酒业有限公司 示范珠宝行""",
    "supermarket": "示范百货有限责任公司 示范生活超市 示范购物广场 永辉超市示范店 示范商场 胖东来商贸集团",
    "cash_usual": "慰问困难职工 备用金 抚恤金",
    "card_exempt": "出差补助 讲课费 无法刷卡的住宿费 无POS机 劳务费",
    "unit_settled": "检测费据实结算 代缴社会保险 缴库 税款 退回多拨款",
    "association_payee": """示范市教育局工会委员会 示范市机关食堂 示范市物流协会 示范市财政学会 示范市餐饮商会
        示范市党建研究会 示范市企业家联谊会 示范市产业促进会""",
    "association_use": "拨工会活动费 转入职工食堂 协会会费 学会活动经费 商会补助 拨付研究会课题费",
    "outside_quota": "培训班师资费 讲课费 学员往返交通费",
    "reserve_purpose": "防汛抢险物资 抗震救灾 地震应急救援 疫情处置 地质灾害排险抢险 抗旱打井",
}
LEFT = {
    "reserve_purpose": "地震监测能力提升 地震台站维护 地震预警终端 传染病监测哨点 地质灾害监测设备 应急演练",
    "reception": """接待室维修 信访接待大厅座椅 群众接待中心空调 招待所拆除 游客接待能力规划 接待患者 外事翻译
        法律援助接待点 防范对接风险 邀请客商参会 接待大厅导办 建设宴会厅 乘客餐食 记者招待会 代表接待日 接待选民 救助站接待物资 国庆招待会布展""",
    "reception_meal": "加班工作餐 会议用餐 学生用餐 食堂就餐补贴 群众来访就餐 值班餐费 陪同就医用餐",
    "vehicle": """班车维修 救护车保养 消防车年检 停车场道闸维修 电动车棚维修 火车票 车间设备维修 办公楼空调维修
        环卫车加油 电梯维修 车库维修 ETC门架维护 新能源充电桩车位维修 机动车检测站维修""",
    "vehicle_sure": """加油站油气检测 通行费减免补贴 ETC门架维护 sketch软件 为高考加油 车改补贴 停车费收入系统
        洗车场整治""",
    "overseas": """支出国库集中支付 走出国门宣传 转出国有资产 出入境大厅维修 境外输入病例防控 工程签证款 现场签证
        境外投资服务 出境断面水质监测 赴台州学习 护照制证 健康护照 退出国债 外出国内考察 演出国乐器 赴港区调研 赴德州考察 赴日照学习 赴美丽乡村考察 赴法院 赴蒙古族自治县 赴港口调研 派出访民工作 境外上市""",
    "prepaid": "核定金额 固定金额 法定金融机构 修订金额 扣回预付款 核销预付款 抵扣预付会议费 预付费电表 预付卡监管 预缴税款 会议费 加油卡充值",
    "prepaid_payee": "示范市文化和旅游局 示范石油大学 示范旅游规划设计院 示范酒店用品公司 示范科技公司 示范旅游职业学院",
    "luxury": """酒精 医用酒精 酒店住宿 烟草专卖局罚没 烟花爆竹监管 礼堂维修 礼仪培训 委员会所属单位 协会所需费用
        油烟治理 控烟宣传 酒驾检测 卷烟市场整治 献血纪念品 盲人按摩 白酒抽检 烟感报警器 会所属单位 独特产品 烟灰缸 中医按摩 按摩师考试 特产推广 高尔夫球场整治 会所在地 采购烟感器 采购酒精""",
    "luxury_travel": """旅游局经费 旅游规划 全域旅游推进 旅游厕所建设 文化旅游节 乡村旅游发展 旅游公路 观光农业
        旅游市场执法 观光电梯维保 智慧旅游平台 旅游警察 旅游巡回法庭""",
    "luxury_shop": "示范酒店 禁烟酒店",
    "meal": "餐费补助 餐饮服务许可",
    "meal_other": "用餐费 餐费 检查组用餐 聚餐",
    "prepaid_settled": "预付会议费 未核销",
    "organisation_names": "李建国 张会芳 欧阳修 古丽阿依 张建行",
    "tax_and_pooled": "增值税发票印刷 设备采购 税控设备",
    "luxury_payee": "示范恒信酒店有限公司 知名酒店 示范市委员会所属中心 示范酒精厂 示范温泉镇人民政府 示范珠宝检测中心",
    "supermarket": "示范商贸有限公司 示范超市货架厂 示范科技公司",
    "cash_usual": "慰问演出 零星支出",
    "card_exempt": "差旅住宿费 补贴系统运维",
    "unit_settled": "拨付项目款 社保大厅改造 未据实结算款",
    "association_payee": """示范市总工会 示范市科学技术协会 示范市残疾人联合会 示范市消费者协会 示范恒信有限公司
        示范市妇女联合会 示范市工商业联合会 示范市文学艺术界联合会""",
    "association_use": "学会计课程 招商会议 中学会堂 会商会议室 小学会演 供应商会议 政协会议专项经费",
    "outside_quota": "会议场地费 含师资费的培训费",
}
DAY = date(2026, 11, 20)
KEYS = ("prepaid_payee", "luxury_payee", "supermarket", "association_payee")


def _found(name: str, texts: list[str]) -> list[str]:
    """Those of the texts that have one of the list's words, as a rule would look for them."""
    named = load_book(Path("rules")).named
    words = named.words[name]
    write = party_key if name in KEYS else plain_text
    frame = pl.DataFrame({"text": texts}).with_columns(written=write(pl.col("text")))
    said = f"has_words(written, '{name}')"
    column = {"written": Column("written", TEXT)}
    tree = parse(said, Scope(column, lists=Lists(words=frozenset(named.words))))
    one_by_one = [
        Evaluator({"written": text}, column, DAY, named=named).value(tree)
        for text in frame["written"]
    ]
    found = frame.select(has_words(pl.col("written"), words)).to_series().to_list()
    assert found == one_by_one  # the engine and the plain evaluator agree
    return [text for text, hit in zip(texts, found, strict=True) if hit]


@pytest.mark.parametrize("name", sorted(FOUND))
def test_a_word_list_finds_what_an_outsider_would_write(name: str) -> None:
    texts = [text.replace("_", " ") for text in FOUND[name].split()]
    assert _found(name, texts) == texts


@pytest.mark.parametrize("name", sorted(LEFT))
def test_a_word_list_leaves_the_same_signs_in_other_trades_alone(name: str) -> None:
    assert _found(name, [text.replace("_", " ") for text in LEFT[name].split()]) == []
