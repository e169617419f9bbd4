"""Products: installation guides in two languages and the roadmap. The long manual has a module of its own."""

from __future__ import annotations

from blocks import OL, UL, Break, Deck, Document, H, P, Slide, Workbook, lines, table

INSTALL = Document(
    path="products/tva-12-installation-guide.docx",
    title="TVA-12 Installation Guide",
    date="2026-02-10",
    author="Oskar Lehnert",
    footer="Document IG-TVA12-EN, edition 7, February 2026",
    blocks=[
        P(
            "Edition 7, February 2026. For trained installers. The guide applies to the TVA-12 from serial number "
            "12-26-00001."
        ),
        H("1. Scope of delivery"),
        table("""
            Item | Part number | Quantity
            Outdoor unit TVA-12 | TV-4400-012 | 1
            Vibration dampers | TV-4401-004 | 4
            Condensate hose 1.5 m | TV-4401-009 | 1
            Display unit DU-5 | TV-4410-063 | 1
            Strainer G 1 1/4 | TV-4401-015 | 1
        """),
        H("2. Place of installation"),
        UL(
            lines("""
            Distance to the wall behind the unit: at least 300 mm.
            Free space in front of the air outlet: at least 1500 mm.
            The unit weighs 148 kg; the concrete base must be at least 250 mm high in snowy regions.
            Do not point the air outlet towards bedrooms or the neighbour's terrace.
            """)
        ),
        H("3. Water connection"),
        P(
            "The water connections are G 1 1/4. Fit the strainer TV-4401-015 in the return, with the arrow in "
            "flow direction."
        ),
        P("The minimum flow is 1.2 m³/h; below it the unit stops with H12."),
        H("4. Electrical connection"),
        table("""
            Circuit | Supply | Fuse | Cable
            Compressor | 400 V 3N | B16 | 5 x 2.5 mm²
            Control | 230 V | B10 | 3 x 1.5 mm²
            Bus to hydraulic module | 24 V | none | 2 x 2 x 0.75 mm² shielded
        """),
        H("4.1 Residual current device", 2),
        P("Use a residual current device of type B with 30 mA for the compressor circuit."),
        H("5. Commissioning"),
        OL(
            lines("""
            Flush the heating circuit and clean the strainer.
            Fill the system to 1.5 bar and vent it.
            Switch on the control supply at least six hours before the first start to warm the crankcase heater.
            Start the wizard on the display unit with the installer code 3141.
            Record the values in the form CR-12 and register the unit online.
            """)
        ),
        H("6. Technical data"),
        table("""
            Property | Value
            Heating output at A7/W35 | 11.8 kW
            COP at A7/W35 | 4.9
            COP at A-7/W35 | 3.1
            Refrigerant | R290, 1.35 kg
            Sound power, day | 57 dB(A)
            Maximum flow temperature | 70 °C
        """),
    ],
)

INSTALL_ZH = Document(
    path="products/TVA-12安装手册.pdf",
    title="TVA-12空气源热泵安装手册（中国版）",
    date="2026-03-15",
    author="周明",
    language="zh",
    footer="拓温德热能 | IG-TVA12-CN | 第3版 | 2026年3月",
    blocks=[
        P("本手册适用于在中国销售的TVA-12机组，供持证安装人员使用。资料编号IG-TVA12-CN，第3版。"),
        H("一、开箱检查"),
        table(
            """
            物品 | 编号 | 数量
            TVA-12主机 | TV-4400-112 | 1台
            减震垫 | TV-4401-104 | 4个
            冷凝水管1.5米 | TV-4401-109 | 1根
            线控器DU-5C | TV-4410-163 | 1个
            Y型过滤器 | TV-4401-115 | 1个
        """,
            [2, 1.5, 1],
        ),
        H("二、安装位置"),
        UL(
            lines("""
            机组背面距墙不少于300毫米，出风口前方不少于2000毫米。
            北方积雪地区基础高度不低于400毫米。
            机组重量152公斤，屋顶安装须经结构工程师确认。
            机组周围1.2米内不得有下水口、地下室窗口和火源。
            """)
        ),
        H("三、水系统"),
        P("水系统最低流量为每小时1.3立方米，水管须保温，保温层厚度不小于30毫米。"),
        P("长江以北地区须加注防冻液，丙二醇浓度为30%时可防护到零下14度。"),
        Break(),
        H("四、电气连接"),
        table("""
            回路 | 电源 | 空气开关 | 电缆
            压缩机 | 380V三相 | C20 | 5×4平方毫米
            控制 | 220V | C10 | 3×1.5平方毫米
            通讯 | 24V | 无 | 2×0.75平方毫米屏蔽线
        """),
        P("接地电阻不大于4欧姆。"),
        H("五、调试步骤"),
        OL(
            lines("""
            清洗管路，清理过滤器滤网。
            系统注水至1.5巴，反复排气。
            首次开机前通电预热不少于12小时。
            在线控器输入安装密码2718，进入调试向导。
            30天内在服务平台上传调试报告。
            """)
        ),
        H("六、技术参数"),
        table("""
            项目 | 数值
            名义制热量（7°C/35°C） | 11.6 kW
            名义工况COP | 4.7
            低温制热量（-12°C/41°C） | 8.4 kW
            制冷剂 | R290，1.35 kg
            最高出水温度 | 70°C
            最低运行环境温度 | -25°C
        """),
        H("七、日常保养"),
        P("每年供暖季开始前清洗一次换热器翅片，水压不超过3巴，水枪距离不小于500毫米。"),
    ],
)

ROADMAP = Deck(
    path="products/product-roadmap-2027.pptx",
    title="Product Roadmap 2026–2027",
    subtitle="Product management, Oskar Lehnert – 21 September 2026 – internal",
    date="2026-09-21",
    author="Oskar Lehnert",
    slides=[
        Slide(
            "What we launched in 2026",
            [
                "HB-200E with 9 kW back-up heater: March 2026",
                "Display unit DU-5 with colour screen: May 2026",
                "TorvendLink app 3.0 with heat meter view: August 2026",
            ],
            notes="DU-4 displays remain available as spare parts until the end of 2031.",
        ),
        Slide(
            "Launch plan 2027",
            table=[
                ["Product", "Start of production", "Plant", "Project manager"],
                ["TVA-20", "May 2027", "Brno", "Lenka Ruzicka"],
                ["TVI-150", "September 2027", "Leipzig", "Nadja Weiss"],
                ["HB-300 with 200 litre tank", "March 2027", "Suzhou", "周明"],
                ["TVA-08 silent edition", "July 2027", "Suzhou", "李国强"],
            ],
            notes=(
                "The TVI-150 uses two FD-75 drives. The prototype reached a flow temperature of 128 °C in August 2026."
            ),
        ),
        Slide(
            "What ends",
            [
                "TVG-22 brine/water: last orders until 31 March 2027",
                "FD-30 drive: end of production 30 June 2027, spare parts for ten years",
                "R410A units: service refrigerant until 2030",
            ],
            notes="Customers of the TVG-22 receive a conversion offer with 7 % discount on the TVA-20.",
        ),
        Slide(
            "Open risks",
            [
                "Approval of R290 in multi-family houses in France is delayed to the second quarter of 2027",
                "Second source for the screw compressor: first samples from Hailong in December 2026",
                "Noise target of the TVA-20: 52 dB(A), measured 54 dB(A)",
            ],
            notes="Decision about the second source in the steering committee on 18 January 2027.",
        ),
    ],
)

ALL: list[Document | Deck | Workbook] = [INSTALL, INSTALL_ZH, ROADMAP]
