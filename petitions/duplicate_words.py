"""The words by which duplicates are told: which words of a complaint mean the same, and which mean nothing.

Two people write of one matter in different words: 臭味, 异味 and 难闻 are one thing that they complain of. What is not
in these tables still counts, by its own characters; so a table need not be complete, and a new entry changes only how
surely a duplicate is recognised.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


class Meaning(NamedTuple):
    """What several words mean alike.

    Attributes:
        label: What the reason of a proposal says.
        weight: How much it tells of the matter when both complaints have it; a pair of plain characters tells 1.
    """

    label: str
    weight: int


TROUBLE: Final = 3
"""What is wrong, or what is done: the matter itself."""
SOURCE: Final = 2
"""What it comes from: several troubles may come from one source."""
CIRCUMSTANCE: Final = 1
"""When and by whom: true of very many complaints."""

_SAME: Final[Mapping[tuple[str, int], str]] = {
    ("异味", TROUBLE): "异味 臭味 臭气 恶臭 气味 刺鼻 难闻 发臭 腥臭 臭",
    ("油烟", TROUBLE): "油烟 烧烤烟",
    ("烟尘", TROUBLE): "烟尘 黑烟 浓烟 烟气 冒烟 落灰",
    ("废气", TROUBLE): "废气 尾气 有毒气体",
    ("扬尘", TROUBLE): "扬尘 粉尘 灰尘 尘土 漫天灰",
    ("焚烧", TROUBLE): "焚烧 燃烧 露天烧",
    ("噪声", TROUBLE): "噪声 噪音 响声 轰鸣 吵闹 吵 高音喇叭 喇叭 音响 刺耳",
    ("振动", TROUBLE): "振动 震动 撞击 楼板",
    ("污水", TROUBLE): "污水 废水 脏水 臭水 粪污 粪水 粪便 尾水 泥水 泥浆水",
    ("排放", TROUBLE): "直排 偷排 乱排 排放 排入 排到 排进 流入 流到 流进 横流 外溢 溢流 渗漏 倾倒",
    ("黑臭水体", TROUBLE): "发黑 变黑 黑臭 浑浊 变色",
    ("断流", TROUBLE): "断流 断水 关闸 减水 脱水 干涸 下泄 截流",
    ("取水", TROUBLE): "取水 抽水 用水困难",
    ("死鱼", TROUBLE): "死鱼 鱼死",
    ("冲洗", TROUBLE): "冲洗 清洗 洗涤 刷洗",
    ("脏乱", TROUBLE): "脏乱差 脏乱 污秽 不卫生",
    ("垃圾", TROUBLE): "垃圾 废渣 弃渣 渣土 弃土 建渣 固废 危废 废机油 污泥",
    ("毁林", TROUBLE): "砍伐 毁林 毁坏林木 盗伐 林木 植被 复绿 裸露",
    ("占地", TROUBLE): "占用耕地 占用林地 占用农田 侵占 占用 毁坏农田",
    ("垮塌", TROUBLE): "垮塌 滑坡 塌方 水土流失",
    ("辐射", TROUBLE): "辐射 电磁",
    ("开采", TROUBLE): "开采 采石 采矿 采砂 挖砂 挖山 越界",
    ("喷漆", TROUBLE): "喷漆 油漆 喷涂",
    ("养殖", SOURCE): "养殖 养猪 养鸡 养鸭 养牛 养鱼 猪场 鸡场 畜禽 散养 牲畜 生猪",
    ("餐馆", SOURCE): "餐馆 餐饮 饭店 火锅 烧烤 酒楼 大排档",
    ("施工", SOURCE): "施工 工地 在建 修建 开挖",
    ("工厂", SOURCE): "工厂 厂房 车间 作坊 加工 生产",
    ("屠宰", SOURCE): "屠宰 宰杀 活禽",
    ("旧货", SOURCE): "二手 旧货 废旧 废品 回收 旧家电",
    ("电器", SOURCE): "家电 电器",
    ("洗车", SOURCE): "洗车 汽修 汽车美容 汽车维修 修车",
    ("货车", SOURCE): "货车 大车 渣土车 运输车 重车 罐车",
    ("广场舞", SOURCE): "广场舞 跳舞 坝坝舞",
    ("歌厅", SOURCE): "ktv 歌厅 酒吧 卡拉ok 唱歌",
    ("电站", SOURCE): "水电站 电站 水库 大坝",
    ("夜间", CIRCUMSTANCE): "夜间 晚上 深夜 凌晨 半夜 夜里 每晚 晚间 夜晚",
    ("长期", CIRCUMSTANCE): "长期 长年 常年 经常 一直 每天 天天 时常 反复",
    ("商户", CIRCUMSTANCE): "商户 商铺 商家 店铺 门店 门市 店主 摊点 摊贩 摊位",
    ("河道", CIRCUMSTANCE): "河道 河边 河里 河流 河中 河水 小河 溪沟 沟渠 河沟 下游",
}

MEANINGS: Final[Mapping[str, Meaning]] = {
    word: Meaning(label, weight) for (label, weight), words in _SAME.items() for word in words.split()
}
"""By each word what it means; two words with the same label mean the same."""

STOCK: Final = _words(
    """
    举报人反映 群众反映 来电反映 来信反映 网络反映 市民反映 居民反映 村民反映 投诉人 举报人 信访人 反映人 来电人
    群众举报 群众投诉 多次反映 多次投诉 反复投诉 投诉 举报 反映 存在 情况 问题 请求 要求 希望 望 恳请 相关部门 有关部门
    政府 尽快 及时 调查处理 依法查处 核实处理 处理 解决 查处 整改 严重影响 影响 周边居民 附近居民 周围居民 居民 群众
    村民 住户 市民 正常生活 日常生活 生活 休息 身体健康 健康 环境污染 污染环境 环境 污染 扰民 严重 非常 示例
    至今未解决 未得到解决 无人管理 没有人管
    """
)
"""What stands in very many complaints, and tells nothing of the matter."""

FILLING: Final = "的了在有该其及和与等且就都被把对将为是从到于由因也又还不未无很大小上下内外里中旁边处约每一个些某本"
"""Characters that join words and are none: the pairs over them are not counted."""

PLACE_KINDS: Final = _words(
    """
    水电站 电站 泵站 加油站 搅拌站 拌合站 基站 垃圾站 中转站 污水处理厂 砖厂 水泥厂 木材厂 石材厂 化工厂 工厂 厂区
    采石场 砂石场 养殖场 养猪场 猪场 屠宰场 林场 洗车场 弃土场 填埋场 停车场 广场 市场 农贸市场 菜市场 夜市 超市
    工业园区 工业园 产业园 园区 集中区 景区 小区 片区 库区 矿区 城区 工地 项目部 项目 商铺 门市 底商 餐馆 饭店
    有限责任公司 有限公司 分公司 公司 加工点 加工店 加工厂 作坊 养殖点 取水点 经营部 合作社 大道 公路 国道 省道 道路
    步道 路口 路段 巷子 大桥 河段 河道 河边 溪流 水库 堰塘 学校 小学 中学 医院 附近 旁边 对面 路边 后面 门口 一带
    周边 沿线 沿岸 上游 下游
    """
)
"""What sort of place it is: many places are of one sort, and only the name before it tells which."""

PLACE_ENDINGS: Final = "路街巷桥河江溪沟堰塘湖山坡厂站旁"
"""The same as single characters; they are that only at the end, and elsewhere part of a name."""
