"""Recognise fields about people by their names: Chinese headers, Latin words in any case, and pinyin.

Numbers that a person is given identify: identity, passport, staff, student, account, card, telephone, plate. A kind of
holder beside a word for a number is such a number (患者编号, `cust_id`). Names, days of birth and addresses describe.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from adapters.contract.hints import latin_words
from exchange.catalog.proposal.finding import Finding

# A field whose name has an organisation in it holds the organisation's telephone or address, unless its values are mobiles.
_ORGANISATION: Final = re.compile("学校|单位|机构|企业|公司|部门|院校|机关|窗口|热线")
_ORGANISATION_WORDS: Final = re.compile("company|organisation|organization|school|university|department")

_CONTACT: Final = re.compile("电话|传真|邮箱|邮件|联系方式|固话|座机")
_CONTACT_WORDS: Final = re.compile(
    "phones?|mobiles?|cell|cellphone|cellular|tel|telephone|telno|landline|fax|msisdn|emails?|mail|mailbox|contacts?|"
    "whatsapp|(?:lian)?xi(?:dianhua|fangshi)|(?:lianxi)?(?:shouji|dianhua)(?:hao|haoma)?|(?:dianzi)?youxiang|sjh|sjhm|"
    "lxdh|lxfs|dhhm"
)

_HOLDER: Final = (
    "人员|人才|员工|职工|教工|教师|学生|学员|考生|用户|会员|客户|患者|病人|居民|市民|公民|村民|驾驶员|司机|参保人|投保人|被保险人|"
    "申请人|当事人|个人|党员|干部|职员|业主|住户|户主|志愿者|运动员|医生|医师|护士|警员|乘客|旅客|读者"
)
_NUMBER: Final = re.compile(
    "身份证|身份号|身份证明|公民身份|证件(?!类|名|种|照片)|证照号|(?<!许可)证号|(?<!许可)证书编?号|资格证|执业证|产权证|不动产证|房产证|"
    "户口[本簿]|残疾证|护照|通行证|居住证|驾驶证|驾照|行驶证|军官证|士兵证|社保卡|社会保障|社保号|社保账|医保卡|医保号|公积金号|公积金账|"
    "手机|微信|支付宝|微博|抖音|账号|帐号|账户|帐户|卡号|银行卡|存折|工号|学号|学籍号|考号|准考证|警号|编制号|档案号|病历号|住院号|门诊号|病案号|"
    "就诊号|参保号|车牌|号牌|车架号|车辆识别|发动机号|设备号|指纹|人脸|虹膜|声纹|(?:IP|ip|MAC|mac)地址|"
    f"(?:{_HOLDER}).{{0,4}}?(?:编号|编码|代码|代号|号码|标识|识别号|号|ID|Id|id)"
)
_NUMBER_WORDS: Final = re.compile(
    "imei|imsi|iccid|vin|plate|licen[cs]eplate|wechat|weixin|weixinhao|qq|qqhao|alipay|openid|unionid|uid|gonghao|xuehao|"
    "chepai(?:hao|haoma)?|cphm|cph|sbh|sbkh|ybh|badge|idno|certno|licen[cs]e|mrn"
)
_SENSITIVE: Final = re.compile(
    "身份证|身份号|身份证明|证件|证号|公民身份|护照|通行证|残疾|账号|帐号|账户|帐户|卡号|银行卡|存折|指纹|人脸|虹膜|声纹|病"
)
_SENSITIVE_WORDS: Final = re.compile(
    "accounts?|acct|iban|bankcard|passport|ssn|idcard|nin|nric|shenfen(?:zheng)?(?:hao|haoma)?|sfz|sfzh|sfzhm|sfzjh|zjhm|zjh|"
    "huzhao(?:hao)?|hzh|hzhm|yinhangka(?:hao)?|yhkh|yhzh|kahao|zhanghao|fingerprint"
)
_HOLDER_WORDS: Final = (
    "person|people|citizen|resident|applicant|patient|employee|emp|staff|worker|student|stu|pupil|teacher|user|member|"
    "customer|cust|client|subject|talent|holder|taxpayer|insured|driver|personnel|passenger|guest|voter|tenant"
)
_PHRASES: Final = re.compile(
    rf"(?:.*_)?(?:{_HOLDER_WORDS})_?(?:id|ids|no|nr|num|number|code|key|uid|identifier|ref)(?:_.*)?"
    r"|(?:.*_)?(?:id|identity|bank|credit|debit|card|payroll|medical|insurance|social_security|tax|driver|driving|plate|"
    r"licence|license|cert|certificate|national|social_insurance)_(?:card|no|num|number|id|plate|licence|license|account)(?:_.*)?"
    r"|card|cards|card_?no|bank_?no|nationalid|identity|user_?name|login(?:_?(?:id|name))?|ip|ip_?addr(?:ess)?|"
    r"mac_?addr(?:ess)?|social_security|credential"
)
_SENSITIVE_PHRASES: Final = re.compile(".*(?:identity|bank|credit|debit|card|medical|social_security|national).*")

_DESCRIBING: Final = re.compile(
    "出生|生日|诞辰|姓名|名字|姓氏|昵称|曾用名|车主|户主|业主|收件人|收货人|寄件人|联系人|经办人|监护人|紧急联系|法人代表|法定代表人|配偶|"
    "父亲|母亲|子女|家属|亲属|家长|住所|居住|现住|住处|住址|门牌|房间号|房号|轨迹|行踪"
)
_DESCRIBING_WHOLE: Final = re.compile("姓|名|法人|本人|性别|年龄|民族")
_DESCRIBING_WORDS: Final = re.compile(
    "birth|birthday|birthdate|born|dob|chusheng(?:riqi|nianyue)?|csrq|csny|shengri|xingming|xm|lxr|lianxiren|nicheng|"
    "nickname|xingbie|nianling|minzu|jiguan|(?:jiating)?(?:zhuzhi|dizhi)|spouse|father|mother|guardian|recipient|payee|"
    "wages?|salaries"
)
_DESCRIBING_PHRASES: Final = re.compile("(?:first|last|given|middle|maiden|family|sur|fore)_?(?:name)?|pay|salary")
# These names belong to a person only where the table is about people.
_PAY: Final = re.compile(
    "工资|薪|奖金|津贴|补贴|补助|救助金|养老金|退休金|抚恤|(?<!营业)(?<!业务)(?<!财政)(?<!销售)收入|社保基数|缴费基数|"
    "公积金基数|存款|负债|贷款"
)
_PAY_WORDS: Final = re.compile(
    "salary|salaries|wages?|pay|payroll|income|bonus|allowances?|subsid(?:y|ies)|pensions?|gongzi|shouru|xinzi|butie"
)
_CAREER: Final = re.compile("入职|离职|入学|毕业|参加工作|学历|学位|婚姻|政治面貌|宗教|信仰|职务|职称|籍贯")
_CAREER_WORDS: Final = re.compile("hired|hiredate|joined|graduated|degree|marital|religion|ruzhi|lizhi|zhicheng")
_PLACE: Final = re.compile("经度|纬度|坐标|经纬|GPS|gps|定位")
_PLACE_WORDS: Final = re.compile("lat|lng|lon|latitude|longitude|gps|geo|coordinates?|location")


def find_by_name(name: str) -> Finding | None:
    """A finding for a field's name, if it is about people. Contacts of organisations are not."""
    chinese, words = _normal(name), latin_words(unicodedata.normalize("NFKC", name))
    phrase = "_".join(words)
    number = _match(chinese, words, _NUMBER, _NUMBER_WORDS, _SENSITIVE_WORDS)
    if number or _PHRASES.fullmatch(phrase):
        is_sensitive = bool(
            _match(chinese, words, _SENSITIVE, _SENSITIVE_WORDS) or _SENSITIVE_PHRASES.fullmatch(phrase)
        )
        return Finding(f'its name has "{number or phrase}"', is_sensitive=is_sensitive)
    if not names_organisation(name) and (contact := _match(chinese, words, _CONTACT, _CONTACT_WORDS)):
        return Finding(f'its name has "{contact}"')
    described = _match(chinese, words, _DESCRIBING, _DESCRIBING_WORDS)
    if described is None and (_DESCRIBING_WHOLE.fullmatch(chinese) or _DESCRIBING_PHRASES.fullmatch(phrase)):
        described = chinese
    return Finding(f'its name has "{described}"', identifies=False) if described else None


def names_organisation(name: str) -> bool:
    """Whether a field's name has an organisation in it."""
    return _match(_normal(name), latin_words(name), _ORGANISATION, _ORGANISATION_WORDS) is not None


def find_place(name: str) -> Finding | None:
    """A finding for coordinates, which in a table about people are where somebody is."""
    place = _match(_normal(name), latin_words(name), _PLACE, _PLACE_WORDS)
    return Finding(f'its name has "{place}"', identifies=False, is_sensitive=True) if place else None


def find_circumstance(name: str) -> Finding | None:
    """A finding for pay and career, which in a table about people are a person's. Pay and income are sensitive."""
    chinese, words = _normal(name), latin_words(unicodedata.normalize("NFKC", name))
    if pay := _match(chinese, words, _PAY, _PAY_WORDS):
        return Finding(f'its name has "{pay}", in a table about people', identifies=False, is_sensitive=True)
    if career := _match(chinese, words, _CAREER, _CAREER_WORDS):
        return Finding(f'its name has "{career}", in a table about people', identifies=False)
    return None


def _normal(name: str) -> str:
    """A name in its common width, without blanks: headers are set with blanks to fill a cell (电　话)."""
    return "".join(unicodedata.normalize("NFKC", name).split())


def _match(name: str, words: Sequence[str], chinese: re.Pattern[str], *latin: re.Pattern[str]) -> str | None:
    """The part of a name that a pattern is for: Chinese anywhere, or a Latin word."""
    if match := chinese.search(name):
        return match[0]
    return next((word for word in words if any(pattern.fullmatch(word) for pattern in latin)), None)
