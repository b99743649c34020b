"""Whether a text that decodes as GB18030 reads as Chinese.

Almost any bytes decode as GB18030, so its characters must be those that Chinese people write: most of them in the first level
of GB/T 2312, its 3,755 common ones. Korean and Japanese bytes (EUC) fall into that level, too. But real text has a third and
more of its characters among the few hundred commonest, or at least the usual share of those that end the level (its order is
that of pinyin, from a to z), where Korean and Japanese bytes never come; and it has hardly any kana.
"""

from collections.abc import Iterable
from typing import Final

_LOOKED_AT: Final = 20_000  # ideographs
_FIRST_LEVEL_SHARE: Final = 0.6
_COMMONEST_SHARE: Final = 0.35
_RARER_SHARE: Final = 0.1  # of the commonest, where the end of the first level has its share
_END_SHARE: Final = 0.08
_LEVEL: Final = (0xB0, 0xD7)  # lead bytes of the first level, rows 16 to 55
_END: Final = 0xD0
_FEW: Final = 4  # ideographs
_KANA_SHARE: Final = 0.05

_COMMONEST: Final = frozenset(
    # of running text
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家"
    "种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从想实日军者意无力它与长把机十民"
    "第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西月话"
    "合回特代内信表化老给世位次度门任常先海通教原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打四神总何"
    "电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展司五基书非则听白却界"
    "光放强即像难且权思王象完设式色路记南品住告类求据程北边张该交规万取格望觉术领共确传师观清今切院让识候带导争运"
    # of tables
    "姓名称性别男女岁龄族码省州县镇乡村街坊栋室江河湖京津沪渝苏浙皖闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新吉辽黑龙蒙港"
    "澳台杭温绍嘉兴舟丽衢波义乌型号额单价费款序编备注附属所级层址联系话机邮箱期起止状态合计小总百千万亿元米吨项率比农"
    "林牧渔商工矿企校院馆站局厅委办科处股组班厂店公司限责任药医病房床诊检验质食油车船货产销售购库存出入借贷收支缴税保险"
    # of names
    "李王张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪"
    "田姜范方石姚谭廖邹熊陆郝孔崔康毛邱秦史顾侯邵孟段雷钱汤尹黎易武乔贺赖龚某伟芳娜秀英敏静强磊军洋勇艳杰娟涛超霞玲红梅"
    "建华国文志明永春玉兰凤云飞鹏宇浩然子轩欣怡佳慧婷雪晓丹琳倩刚健辉斌波峰"
)


def reads_as_chinese(chunks: Iterable[str]) -> bool:
    """Whether the characters of a text are such as Chinese people write."""
    seen = first_level = end = commonest = kana = strange = 0
    for text in chunks:
        for character in text:
            if character < "\x80":
                continue
            if "\u4e00" <= character <= "\u9fff":
                lead = (character.encode("gb2312", "ignore") or b"\0")[0]
                seen += 1
                first_level += _LEVEL[0] <= lead <= _LEVEL[1]
                end += _END <= lead <= _LEVEL[1]
                commonest += character in _COMMONEST
            elif "\u3041" <= character <= "\u30fe":
                kana += 1
                strange += 1
            elif not ("\u3000" <= character <= "\u303f" or "\uff00" <= character <= "\uffef"):
                strange += 1
        if seen >= _LOOKED_AT:
            break
    if not seen or first_level < _FIRST_LEVEL_SHARE * seen or strange > max(2, seen) or kana > _KANA_SHARE * seen:
        return False
    if seen < _FEW:
        return commonest + end > 0
    return commonest >= _COMMONEST_SHARE * seen or (commonest >= _RARER_SHARE * seen and end >= _END_SHARE * seen)
