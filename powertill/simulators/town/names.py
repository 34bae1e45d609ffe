"""The people of the demo site: names, trades and sign-ins, all invented."""

from typing import Final

_TENANTS = """
李强, 张敏, 刘洋, 陈静, 杨帆, 赵磊, 黄丽, 周杰, 吴婷, 徐明, 孙浩, Maria Santos, 马超, 朱琳, 胡斌, 郭雪,
何伟, 高翔, 林小红, 罗军, 郑爽, 梁宇, 谢娜, 宋佳, 唐磊, Amina Yusuf, 许晴, 韩冰, 冯刚, 邓超群, 曹颖, 彭辉,
曾志伟, 萧红, 田甜, 董洁, Daniel Weber, 潘虹, 袁泉, 蔡明, 蒋欣, 余波, 于洋, 杜鹃, Priya Nair, 叶青, 程果
"""
_SHOPS = """
莲花便利店 store, 老陈面馆 kitchen, 晨光文具 shop, Sunrise Bakery kitchen,
康民大药房 shop, 小美理发 salon, 快修手机 shop, 鲜果园 store,
蓝天洗衣 salon, Blue Cup Coffee kitchen, 福来火锅 kitchen, 童乐玩具 shop,
美甲工坊 salon, 五金杂货 shop, 四季花店 shop, 物业办公室 office
"""
TENANTS: Final = tuple(name.strip() for name in _TENANTS.split(","))  # in order of the flats
SHOPS: Final = tuple((line.strip().rpartition(" ")[0], line.strip().rpartition(" ")[2]) for line in _SHOPS.split(","))
STORY: Final = "王芳"
# Flats whose tenants can sign in to the portal.
SIGN_INS: Final = {"1-0101": "liqiang", "1-0304": "maria", "2-0604": "wangfang"}


def language(name: str) -> str:
    """Return the language of someone with this name."""
    return "en" if name.isascii() else "zh-hans"
