"""The people of the demo site: names, languages and sign-ins, all invented."""

from typing import Final

ZH: Final = "zh-hans"
EN: Final = "en"

# (name, language), in order of the flats that have someone.
TENANTS: Final[tuple[tuple[str, str], ...]] = (
    ("李强", ZH), ("张敏", ZH), ("刘洋", ZH), ("陈静", ZH), ("杨帆", ZH), ("赵磊", ZH), ("黄丽", ZH), ("周杰", ZH),
    ("吴婷", ZH), ("徐明", ZH), ("孙浩", ZH), ("Maria Santos", EN), ("马超", ZH), ("朱琳", ZH), ("胡斌", ZH), ("郭雪", ZH),
    ("何伟", ZH), ("高翔", ZH), ("林小红", ZH), ("罗军", ZH), ("郑爽", ZH), ("梁宇", ZH), ("谢娜", ZH), ("宋佳", ZH),
    ("唐磊", ZH), ("Amina Yusuf", EN), ("许晴", ZH), ("韩冰", ZH), ("冯刚", ZH), ("邓超群", ZH), ("曹颖", ZH), ("彭辉", ZH),
    ("曾志伟", ZH), ("萧红", ZH), ("田甜", ZH), ("董洁", ZH), ("Daniel Weber", EN), ("潘虹", ZH), ("袁泉", ZH), ("蔡明", ZH),
    ("蒋欣", ZH), ("余波", ZH), ("于洋", ZH), ("杜鹃", ZH), ("Priya Nair", EN), ("叶青", ZH), ("程果", ZH),
)  # fmt: skip
SHOPS: Final[tuple[tuple[str, str, str], ...]] = (
    ("莲花便利店", ZH, "store"), ("老陈面馆", ZH, "kitchen"), ("晨光文具", ZH, "shop"), ("Sunrise Bakery", EN, "kitchen"),
    ("康民大药房", ZH, "shop"), ("小美理发", ZH, "salon"), ("快修手机", ZH, "shop"), ("鲜果园", ZH, "store"),
    ("蓝天洗衣", ZH, "salon"), ("Blue Cup Coffee", EN, "kitchen"), ("福来火锅", ZH, "kitchen"), ("童乐玩具", ZH, "shop"),
    ("美甲工坊", ZH, "salon"), ("五金杂货", ZH, "shop"), ("四季花店", ZH, "shop"), ("物业办公室", ZH, "office"),
)  # fmt: skip
STORY: Final = ("王芳", ZH, "wangfang")
# Flats whose tenants can sign in to the portal.
SIGN_INS: Final = {"1-0101": "liqiang", "1-0304": "maria"}
