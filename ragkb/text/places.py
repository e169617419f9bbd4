"""Places that Chinese questions name.

Chinese marks no name by a capital, so the usual ones are listed: of two characters, as the lexical leg reads them.
"""

from __future__ import annotations

_PLACES = frozenset(
    """
北京 天津 上海 重庆 河北 山西 辽宁 吉林 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川 贵州 云南 陕西 甘肃
青海 台湾 广西 西藏 宁夏 新疆 香港 澳门 广州 深圳 苏州 杭州 南京 武汉 成都 西安 长沙 郑州 济南 青岛 大连 沈阳 长春 厦门
福州 宁波 无锡 常州 南通 合肥 南昌 昆明 贵阳 南宁 海口 太原 兰州 银川 西宁 拉萨 珠海 东莞 佛山 中山 惠州 温州 绍兴 嘉兴
扬州 徐州 烟台 昆山 唐山 洛阳 桂林 三亚 中国 美国 英国 法国 德国 日本 韩国 泰国 越南 印度 荷兰 瑞士 瑞典 挪威 丹麦 芬兰
波兰 捷克 希腊 巴西 埃及 欧洲 亚洲 非洲 美洲 北美 南美 东京 大阪 首尔 巴黎 伦敦 柏林 纽约 罗马 里昂 慕尼 悉尼 曼谷 华东
华南 华北 华中 西南 西北 东北
""".split()
)


def places(text: str) -> tuple[str, ...]:
    """The places of two characters that a text names, in its order; one that is part of a longer run of letters too."""
    found = (text[i : i + 2] for i in range(len(text) - 1) if text[i : i + 2] in _PLACES)
    return tuple(dict.fromkeys(found))
