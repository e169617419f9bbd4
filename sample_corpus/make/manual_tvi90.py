"""The service manual of the TVI-90 industrial heat pump: sixty pages, each a section of its own."""

from __future__ import annotations

from collections.abc import Sequence

from blocks import OL, UL, Block, Break, Document, H, P, T, lines, table

MAIN_PAGES: list[Sequence[Block]] = []


def page(*blocks: Block) -> None:
    """Adds one page."""
    MAIN_PAGES.append(blocks)


def bullets(text: str) -> UL:
    """A bulleted list, one item a line."""
    return UL(lines(text))


def steps(text: str) -> OL:
    """A numbered list, one step a line."""
    return OL(lines(text))


def code_table(text: str) -> T:
    """Fault codes: code, meaning, reaction, remedy."""
    return table("Code | Meaning | Reaction | Remedy\n" + text.strip(), [0.7, 1.7, 1.3, 3])


# 1 Cover
page(
    H("TVI-90 Industrial Heat Pump", 1),
    H("Service Manual", 1),
    P("Models TVI-90-A, TVI-90-B and TVI-90-C"),
    P("Document SM-TVI90-EN, revision 6, May 2026. Valid for units from serial number 90-25-0001."),
    P("Translation of the German original. Keep this manual in the switch cabinet of the unit."),
    P(
        "Torvend Thermal SE, Drehwerkstrasse 18, Leipzig. Editor: Nadja Weiss. Released by: Josef Kral, "
        "Head of Service."
    ),
)
# 2
page(
    H("About this manual", 1),
    P(
        "The manual addresses technicians who install, commission, maintain and repair the unit. Operators "
        "find what they need in the separate Operating Instructions OI-TVI90."
    ),
    H("Revision history", 2),
    table(
        """
        Revision | Date | Change | Editor
        1 | January 2023 | First edition | M. Sauer
        2 | August 2023 | Chapter 7 torque values of the flanges corrected | M. Sauer
        3 | March 2024 | Model TVI-90-C added | N. Weiss
        4 | November 2024 | Oil changed from PX-68 to PX-85 | N. Weiss
        5 | July 2025 | Drive FD-40 instead of FD-30, fault codes E3xx new | N. Weiss
        6 | May 2026 | TorvendLink 3.0, maintenance intervals of the filter drier shortened | N. Weiss
    """,
        [1, 1.3, 4, 1],
    ),
    H("Documents that belong to it", 2),
    bullets("""
        OI-TVI90 Operating Instructions
        WD-TVI90-12 Wiring diagram
        CR-90 Commissioning record (form)
        DOC-PED-90 Declaration of conformity, pressure equipment category III
    """),
)
# 3
CONTENTS_PAGE = 3
page()  # filled below, when the headings are known
# 4
page(
    H("1 Safety", 1),
    H("1.1 Signal words and qualified persons", 2),
    P(
        "The signal words in this manual follow one scale. DANGER is used where death is certain if the "
        "warning is ignored."
    ),
    table("""
        Signal word | Consequence | Example in this manual
        DANGER | death or irreversible injury | work on the DC link, page 5
        WARNING | death or injury possible | opening the refrigerant circuit, page 6
        CAUTION | light injury possible | hot pipes of the sink circuit
        NOTICE | damage to property | wrong water quality, page 18
    """),
    H("Who may do what", 2),
    table("""
        Task | Qualification
        Operation, filter cleaning | instructed person
        Electrical work | skilled electrician
        Refrigerant circuit | certificate F-gas category I and Torvend course TI-90
        Pressure test | competent person for pressure equipment
    """),
)
# 5
page(
    H("1.2 Electrical hazards and lock-out", 2),
    P("The DC link of the drive FD-40 carries up to 680 V and keeps its charge after switching off."),
    P(
        "Wait at least 15 minutes after switching off before opening the drive, then measure between DC+ and DC-; the "
        "voltage must be below 50 V."
    ),
    steps("""
        Stop the unit on the panel and wait for the end of the pump run-on of 180 seconds.
        Switch off the main switch Q1 and secure it with a personal padlock.
        Hang up the sign "Do not switch on" with name and telephone number.
        Check absence of voltage at X1:1 to X1:3.
        Earth and short-circuit the supply if work lasts longer than one shift.
    """),
    P(
        "The leakage current of the unit is higher than 3.5 mA. The protective conductor has a "
        "cross-section of at least 16 square millimetres."
    ),
)
# 6
page(
    H("1.3 Refrigerant R1234ze(E)", 2),
    P("The unit contains the refrigerant R1234ze(E), safety class A2L. It is heavier than air and displaces oxygen."),
    table("""
        Property | Value
        Boiling point at 1 bar | -19 °C
        Practical limit (EN 378) | 0.061 kg per cubic metre
        Lower flammability limit | 6.5 % by volume at 60 °C
        GWP (AR5) | 1.37
        Occupational exposure limit | 800 ppm
    """),
    bullets("""
        Ventilate the plant room with at least 4 air changes per hour, 15 in an alarm.
        The gas detector GD-2 gives a pre-alarm at 200 ppm and the main alarm at 800 ppm.
        No open fire, no welding while the circuit is open.
        In case of contact with the skin rinse with lukewarm water; do not rub.
    """),
)
# 7
page(
    H("1.4 Personal protective equipment", 2),
    P("The employer provides the protective equipment. The table states the minimum for each kind of work."),
    table("""
        Work | Gloves | Eyes | Other
        Visual inspection | none | glasses | safety shoes S3
        Work on the refrigerant circuit | cold protection EN 511 | face shield | gas warning device
        Oil change | nitrile 0.4 mm | glasses | absorbent mat
        Chemical cleaning | PVC, long cuff | goggles | apron, eye wash bottle
        Work on the live cabinet | class 0, 1000 V | arc shield | insulated mat
    """),
    P(
        "Hearing protection must be worn when the enclosure is open and the compressor runs above 75 Hz, "
        "because the level then exceeds 85 dB(A)."
    ),
)
# 8
page(
    H("2 Product overview", 1),
    H("2.1 Models", 2),
    P(
        "The TVI-90 lifts waste heat of 15 to 60 °C to process heat of up to 115 °C. The three models "
        "differ in compressor and heat exchangers."
    ),
    table("""
        Model | Article | Compressor | Nominal heating output | Maximum sink outlet
        TVI-90-A | TV-9000-901 | KS-60 | 240 kW | 95 °C
        TVI-90-B | TV-9000-902 | KS-75 | 310 kW | 105 °C
        TVI-90-C | TV-9000-903 | KS-90 | 385 kW | 115 °C
    """),
    H("Main assemblies", 2),
    bullets("""
        Semi-hermetic screw compressor with integrated oil separator
        Evaporator and condenser as brazed plate heat exchangers, condenser of the model C in shell-and-plate design
        Economizer with its own expansion valve, models B and C only
        Frequency drive FD-40 in the cabinet, cooled by filtered air
        Controller TC-9 with 7-inch panel
    """),
)
# 9
page(
    H("2.2 Nameplate and type code", 2),
    P(
        "The nameplate is riveted to the left cabinet door. A second plate sits behind the service panel "
        "of the compressor."
    ),
    table("""
        Position | Example | Meaning
        1 to 3 | TVI | industrial heat pump
        4 to 5 | 90 | frame size
        6 | B | model
        7 | E | with economizer (N: without)
        8 | S | sound enclosure (O: open frame)
        9 to 10 | 04 | voltage 400 V (06: 690 V)
        11 | M | Modbus TCP (P: Profinet, B: BACnet)
    """),
    P("The serial number 90-26-0137 means frame size 90, year 2026, unit 137 of the year."),
    P("The QR code opens the digital unit file with the wiring diagram that was delivered."),
)
# 10
page(
    H("2.3 Technical data: thermal", 2),
    P("Values at source 40/35 °C and sink 70/90 °C, tolerance according to EN 14511."),
    table(
        """
        Property | TVI-90-A | TVI-90-B | TVI-90-C
        Heating output | 240 kW | 310 kW | 385 kW
        Electrical input | 70.6 kW | 88.6 kW | 113.2 kW
        COP | 3.4 | 3.5 | 3.4
        Source flow | 29.2 m³/h | 38.1 m³/h | 46.8 m³/h
        Sink flow | 10.6 m³/h | 13.7 m³/h | 17.0 m³/h
        Pressure drop evaporator | 38 kPa | 41 kPa | 44 kPa
        Pressure drop condenser | 22 kPa | 24 kPa | 19 kPa
        Minimum output | 30 % | 30 % | 35 %
    """,
        [1.6, 1, 1, 1],
    ),
    P("At source 25/20 °C the heating output falls by about 28 percent."),
)
# 11
page(
    H("2.4 Technical data: electrical", 2),
    table(
        """
        Property | TVI-90-A | TVI-90-B | TVI-90-C
        Supply | 400 V 3N 50 Hz | 400 V 3N 50 Hz | 400 V 3N 50 Hz
        Maximum operating current | 148 A | 184 A | 236 A
        Starting current | 62 A | 75 A | 94 A
        Power factor | 0.95 | 0.95 | 0.94
        Short-circuit rating | 25 kA | 25 kA | 36 kA
        Crankcase heater | 300 W | 300 W | 450 W
        Control voltage | 24 V DC | 24 V DC | 24 V DC
        Degree of protection cabinet | IP54 | IP54 | IP54
    """,
        [1.6, 1, 1, 1],
    ),
    P("The version for 690 V has the part number suffix -06 and 58 percent of the operating currents above."),
    P(
        "Harmonic distortion at nominal load is below 38 percent; with the optional filter HF-9 "
        "(TV-9040-470) below 8 percent."
    ),
)
# 12
page(
    H("2.5 Dimensions and weights", 2),
    table(
        """
        Property | TVI-90-A | TVI-90-B | TVI-90-C
        Length | 2950 mm | 3200 mm | 3650 mm
        Width | 1150 mm | 1150 mm | 1250 mm
        Height | 2050 mm | 2050 mm | 2180 mm
        Transport weight | 2380 kg | 2720 kg | 3460 kg
        Operating weight | 2510 kg | 2890 kg | 3710 kg
        Sound enclosure, additional | 340 kg | 360 kg | 410 kg
    """,
        [1.6, 1, 1, 1],
    ),
    P("The centre of gravity lies 180 mm from the middle towards the compressor side."),
    P(
        "Doors must be at least 1400 mm wide to bring in models A and B; for model C the "
        "cabinet can be taken off, which reduces the length to 2900 mm."
    ),
)
# 13
page(
    H("2.6 Operating envelope", 2),
    P("Outside the envelope the controller reduces the speed first and then stops the unit with fault E118."),
    table("""
        Source outlet | Sink outlet minimum | Sink outlet maximum A | Maximum B | Maximum C
        10 °C | 45 °C | 75 °C | 78 °C | 80 °C
        20 °C | 50 °C | 85 °C | 90 °C | 94 °C
        30 °C | 55 °C | 92 °C | 100 °C | 106 °C
        40 °C | 60 °C | 95 °C | 105 °C | 115 °C
        55 °C | 70 °C | 95 °C | 105 °C | 115 °C
    """),
    bullets("""
        Ambient temperature of the plant room: 5 to 40 °C; above 40 °C the drive derates by 2 % per kelvin.
        Relative humidity: at most 85 %, without condensation.
        Altitude: up to 1000 m, above this 1 % less output per 100 m.
        Temperature change of the source: at most 2 K per minute.
    """),
)
# 14
page(
    H("2.7 Sound", 2),
    P("Sound levels at 60 Hz according to EN ISO 9614-2; the levels with the enclosure apply with all panels closed."),
    table("""
        Version | Sound power A | Sound power B | Sound power C
        Open frame | 88 dB(A) | 90 dB(A) | 93 dB(A)
        Sound enclosure | 74 dB(A) | 76 dB(A) | 79 dB(A)
        Sound enclosure and night mode | 69 dB(A) | 71 dB(A) | 74 dB(A)
    """),
    P("Night mode limits the compressor to 52 Hz and costs about 15 percent of the output."),
    P(
        "The strongest tone lies at five times the rotation frequency, that is 300 Hz at 60 Hz. Use "
        "dampers with a natural frequency below 12 Hz."
    ),
)
# 15
page(
    H("3 Transport and installation", 1),
    H("3.1 Transport and lifting", 2),
    P("Lift the unit only at the four eyes of the base frame, marked yellow."),
    bullets("""
        Sling angle at most 60 degrees; use the spreader bar TV-9090-002.
        Fork-lift trucks need forks of at least 1800 mm and enter from the long side.
        Never tilt the unit by more than 15 degrees, or the oil leaves the separator.
        Check the shock indicator: if it is red, note it on the delivery note and inform service within 24 hours.
    """),
    table("""
        Condition | Limit
        Storage temperature | -20 to 55 °C
        Storage time with nitrogen filling | 12 months
        Nitrogen pressure on delivery | 0.5 bar
        Stacking | not allowed
    """),
)
# 16
page(
    H("3.2 Foundation and clearances", 2),
    P("The foundation is level to 3 mm over the whole length and carries 1.5 times the operating weight."),
    table("""
        Side | Clearance | Reason
        Cabinet front | 1200 mm | door and escape route
        Compressor side | 1000 mm | compressor exchange with trolley
        Heat exchanger side | 800 mm | cleaning connections
        Rear | 600 mm | pipework
        Above | 700 mm | lifting gear
    """),
    P("Put six vibration dampers TV-9040-610 under models A and B and eight under model C."),
    P("The plant room has a drain; glycol must not get into it. A collecting tray of 200 litres is recommended."),
)
# 17
page(
    H("3.3 Water connections", 2),
    P("The connections are flanges PN16 according to EN 1092-1. Fit compensators in each of the four pipes."),
    table(
        """
        Connection | TVI-90-A | TVI-90-B | TVI-90-C
        Source inlet and outlet | DN80 | DN100 | DN100
        Sink inlet and outlet | DN65 | DN65 | DN80
        Safety valve discharge | DN32 | DN32 | DN40
        Drain | G 1/2 | G 1/2 | G 3/4
    """,
        [1.6, 1, 1, 1],
    ),
    bullets("""
        Strainers with a mesh of 0.8 mm on the source side and 0.5 mm on the sink side are mandatory.
        The flow switch FS-1 sits in the source outlet, five pipe diameters behind a bend.
        Vents at the highest points, at least DN15.
        Insulate the sink pipes with 60 mm mineral wool.
    """),
)
# 18
page(
    H("3.4 Water quality", 2),
    P("Damage by corrosion or scale is not covered by the warranty if the limits below are exceeded."),
    table("""
        Parameter | Source circuit | Sink circuit
        pH at 25 °C | 7.5 to 9.5 | 8.2 to 10.0
        Electrical conductivity | below 800 µS/cm | below 100 µS/cm
        Chloride | below 100 mg/l | below 30 mg/l
        Total hardness | below 15 °dH | below 0.3 °dH
        Dissolved oxygen | not limited | below 0.1 mg/l
        Iron | below 0.5 mg/l | below 0.2 mg/l
        Suspended solids | below 30 mg/l | below 5 mg/l
    """),
    P("Take a sample four weeks after commissioning and then every six months; keep the results in the unit file."),
)
# 19
page(
    H("3.5 Safety valves and expansion", 2),
    P(
        "The sink circuit is protected by a safety valve with an opening pressure of 10 bar, the source "
        "circuit by one with 6 bar."
    ),
    table("""
        Component | Part number | Setting
        Safety valve sink | TV-9040-210 | 10 bar
        Safety valve source | TV-9040-212 | 6 bar
        High pressure switch refrigerant | TV-9040-220 | 23.5 bar
        Relief valve refrigerant | TV-9040-222 | 25 bar
        Low pressure switch | TV-9040-221 | 0.8 bar
    """),
    P(
        "The expansion vessel of the sink circuit holds at least 4 percent of the system volume; its "
        "pre-charge is set 0.3 bar below the static pressure."
    ),
    P("The discharge pipe of the refrigerant relief valve ends outdoors, at least 3 m from openings."),
)
# 20
page(
    H("3.6 Electrical connection", 2),
    P(
        "The supply enters from below through the plate of the cabinet. The cross-sections apply to "
        "copper, 70 °C, 30 m."
    ),
    table("""
        Model | Fuse gG | Cable | Gland
        TVI-90-A | 160 A | 4 x 70 mm² | M63
        TVI-90-B | 200 A | 4 x 95 mm² | M63
        TVI-90-C | 250 A | 4 x 150 mm² | M75
        Control supply, separate | 10 A | 3 x 2.5 mm² | M20
    """),
    bullets("""
        Phase sequence must be clockwise; otherwise the controller shows E304.
        The residual current device is of type B with at least 300 mA.
        Lay bus cables at least 200 mm away from the motor cable.
        The screen of the motor cable is connected at both ends, over the full circumference.
    """),
)
# 21
page(
    H("3.7 Terminal strip X1: power and pumps", 2),
    table("""
        Terminal | Signal | Rating
        X1:1 to X1:3 | Supply L1, L2, L3 | see 3.6
        X1:4 | Neutral | 16 A
        X1:7, X1:8 | Crankcase heater | 230 V, 2.0 A
        X1:10 to X1:12 | Source pump P1 | 400 V, 9 A
        X1:13 to X1:15 | Sink pump P2 | 400 V, 6 A
        X1:18, X1:19 | Ventilation fan plant room | 230 V, 3 A
        X1:22, X1:23 | Alarm contact, volt-free | 250 V, 2 A
    """),
    P(
        "The alarm contact opens in a fault and when the supply fails. In delivery state it is bridged "
        "with a red wire, which is removed on connection."
    ),
    P(
        "External pumps with more than 4 kW need their own contactor; X1:10 to X1:15 then carry the "
        "control signal only."
    ),
)
# 22
page(
    H("3.8 Terminal strip X2: sensors and bus", 2),
    table("""
        Terminal | Signal | Type
        X2:1, X2:2 | B1 source inlet | Pt1000
        X2:3, X2:4 | B2 source outlet | Pt1000
        X2:5, X2:6 | B3 sink inlet | Pt1000
        X2:7, X2:8 | B4 sink outlet | Pt1000
        X2:11, X2:12 | B7 discharge gas | Pt1000, 180 °C
        X2:15, X2:16 | Flow switch FS-1 | contact, closed = flow
        X2:19, X2:20 | External release | 24 V DC
        X2:21, X2:22 | Set point 4 to 20 mA | 4 mA = 60 °C, 20 mA = 115 °C
        X2:30 to X2:32 | RS-485 to drive | A, B, screen
    """),
    P(
        "Terminating resistors of 120 ohms are switched in at both ends of the RS-485 line, with switch S4 "
        "on the controller."
    ),
)
# 23
page(
    H("4 Commissioning", 1),
    H("4.1 Checklist before the first start", 2),
    P(
        "Commissioning is done by Torvend or by a certified partner. Without the signed record CR-90 the "
        "warranty does not begin."
    ),
    steps("""
        Foundation, dampers and clearances checked according to 3.2.
        Circuits flushed, strainers cleaned, system filled and vented.
        Water analysis available and within the limits of 3.4.
        Tightening torques of the supply terminals checked (chapter 7).
        Crankcase heater switched on for at least 24 hours.
        Gas detector tested with test gas, ventilation reacts.
        Safety chain tested: emergency stop, high pressure switch, flow switch.
        Operator present for the instruction, which takes about two hours.
    """),
)
# 24
page(
    H("4.2 Pressure and leak test", 2),
    P("The refrigerant circuit is tested in the factory. Test it again if pipes were opened on site."),
    table(
        """
        Step | Medium | Pressure | Duration | Permitted drop
        Strength test high pressure side | nitrogen | 27.5 bar | 30 minutes | none
        Strength test low pressure side | nitrogen | 17.6 bar | 30 minutes | none
        Tightness test | nitrogen with 5 % helium | 16 bar | 12 hours | 0.1 bar
        Vacuum | none | 1.5 mbar | 2 hours | rise to 3 mbar
    """,
        [2.2, 1.6, 1, 1, 1.2],
    ),
    P("Correct the pressure for the temperature: 0.055 bar per kelvin at 16 bar."),
    P("Search for leaks with a helium detector; the limit is 5 grams of refrigerant per year and joint."),
)
# 25
page(
    H("4.3 Refrigerant charge", 2),
    P("The unit is delivered with nitrogen and charged on site, in liquid form, through the valve SV-2."),
    table("""
        Model | Charge R1234ze(E) | Additional for economizer | Sight glass clear at
        TVI-90-A | 62 kg | none | 55 Hz
        TVI-90-B | 78 kg | 6 kg | 58 Hz
        TVI-90-C | 104 kg | 9 kg | 60 Hz
    """),
    P(
        "Charge 80 percent of the amount with the unit stopped and the rest at minimum speed. The "
        "subcooling is 6 to 8 K when the charge is right."
    ),
    P("Enter the charge in the log book according to the F-gas regulation and on the label inside the cabinet door."),
)
# 26
page(
    H("4.4 Oil charge", 2),
    P("Only the polyol ester oil PX-85 is approved. Mixing with PX-68 is not permitted."),
    table("""
        Model | First charge | Refill after oil change | Heater hold temperature
        TVI-90-A | 17 litres | 15.5 litres | 45 °C
        TVI-90-B | 21 litres | 19 litres | 45 °C
        TVI-90-C | 26 litres | 23.5 litres | 50 °C
    """),
    P("The oil level must lie between the two sight glasses when the unit has run for 30 minutes at 50 Hz."),
    P(
        "The oil absorbs moisture: use an opened can within 15 minutes and do not store the rest. The "
        "limit for water is 60 ppm."
    ),
)
# 27
page(
    H("4.5 First start", 2),
    steps("""
        Log in on the panel with level 3 and choose Service > First start.
        The controller checks sensors and phase sequence; this takes 40 seconds.
        Source pump P1 starts; the flow must be at least 80 % of the nominal value.
        Sink pump P2 starts 20 seconds later.
        The compressor starts at 30 Hz and holds this speed for five minutes.
        The speed rises by 5 Hz every three minutes up to 60 Hz.
        At 60 Hz let the unit run for 45 minutes, then note all values in the record.
        Press Finish; the controller stores the values as reference.
    """),
    P(
        "If the start is aborted, the next attempt is possible after 10 minutes; at most four starts per "
        "hour are allowed."
    ),
)
# 28
page(
    H("4.6 Values of the commissioning record CR-90", 2),
    P(
        "Typical values of the TVI-90-B at 60 Hz, source 40/35 °C, sink 70/90 °C. Deviations of more than "
        "10 percent are explained."
    ),
    table("""
        Value | Sensor | Typical
        Evaporating pressure | B11 | 4.4 bar
        Condensing pressure | B12 | 18.9 bar
        Suction superheat | calculated | 7 K
        Subcooling | calculated | 7 K
        Discharge gas temperature | B7 | 108 °C
        Oil temperature | B9 | 74 °C
        Oil pressure difference | B13 | 2.6 bar
        Motor current | drive | 131 A
    """),
    P("Send the record to service@torvend.example within 10 working days."),
)
# 29
page(
    H("5 Controller TC-9", 1),
    H("5.1 Panel", 2),
    P("The panel has a touch screen of 7 inches. Four signal lamps sit above it."),
    table("""
        Lamp | Colour | Meaning
        H1 | green, steady | unit runs
        H1 | green, flashing | waiting time runs
        H2 | yellow | warning, unit runs on
        H3 | red | fault, unit locked
        H4 | blue | remote access active
    """),
    bullets("""
        Home: output, temperatures, COP of the last hour
        Trend: 12 curves, storage for 400 days in steps of 10 seconds
        Alarms: list of the last 1000 events with time stamp
        Service: only with level 2 or 3
    """),
    P("Cleaning the screen: hold Home for five seconds, then the touch function is off for 30 seconds."),
)
# 30
page(
    H("5.2 User levels and passwords", 2),
    table("""
        Level | User | May do | Log-off after
        0 | everyone | see values | never
        1 | operator | set point, night mode, reset of warnings | 10 minutes
        2 | service partner | parameters P100 to P399, manual mode | 20 minutes
        3 | certified technician | all parameters, first start, reset of locks | 30 minutes
        4 | factory | model data, calibration | 30 minutes
    """),
    P(
        "The password of level 1 is 1900 on delivery and has to be changed by the operator. Passwords of "
        "levels 2 and 3 are personal and are issued in the service portal; they expire after 12 months."
    ),
    P("After five wrong entries the panel is locked for 10 minutes."),
)


def parameters(number: str, title: str, text: str, *remarks: str) -> None:
    """A page of parameters."""
    rows = "Parameter | Name | Default | Range | Level\n" + text.strip()
    page(H(f"{number} {title}", 2), table(rows, [0.9, 2.8, 1, 1.4, 0.7]), *[P(remark) for remark in remarks])


# 31 to 34
parameters(
    "5.3",
    "Parameters P100: heating",
    """
    P101 | Set point sink outlet | 85 °C | 45 to 115 °C | 1
    P102 | Hysteresis | 2.0 K | 0.5 to 6.0 K | 1
    P105 | Ramp of the set point | 1.0 K/min | 0.2 to 3.0 K/min | 2
    P110 | Night mode speed limit | 52 Hz | 40 to 60 Hz | 1
    P112 | Night mode start | 22:00 | any | 1
    P120 | Frost protection source | 4 °C | 2 to 8 °C | 2
    P124 | Minimum source outlet | 8 °C | 5 to 30 °C | 2
    P130 | Lead/lag change-over time | 168 h | 24 to 720 h | 2
    """,
    "P101 is limited by the model: 95 °C for A and 105 °C for B.",
    "With an external set point at X2:21 parameter P101 serves as the fallback value when the signal fails.",
)
parameters(
    "5.4",
    "Parameters P200: compressor",
    """
    P201 | Minimum speed | 30 Hz | 25 to 40 Hz | 3
    P202 | Maximum speed | 87 Hz | 60 to 90 Hz | 3
    P205 | Minimum run time | 8 min | 5 to 30 min | 2
    P206 | Minimum standstill | 10 min | 10 to 60 min | 2
    P210 | Discharge gas limit | 125 °C | 100 to 130 °C | 3
    P214 | Oil return interval | 90 min | 30 to 240 min | 3
    P215 | Oil return duration | 3 min | 1 to 10 min | 3
    P220 | Skip band centre | 44 Hz | 30 to 87 Hz | 3
    P221 | Skip band width | 2 Hz | 0 to 6 Hz | 3
    """,
    "The skip band avoids the resonance of the base frame, which was measured at 44 Hz on the open frame.",
    "During oil return the compressor runs at 70 Hz regardless of the demand.",
)
parameters(
    "5.5",
    "Parameters P300: pumps and valves",
    """
    P301 | Source pump pre-run | 60 s | 20 to 300 s | 2
    P302 | Source pump run-on | 180 s | 60 to 600 s | 2
    P305 | Source temperature difference | 5.0 K | 3.0 to 8.0 K | 2
    P308 | Sink pump minimum signal | 25 % | 15 to 60 % | 2
    P312 | Pump exercise | 7 days | 1 to 30 days | 1
    P320 | Superheat set point | 7.0 K | 5.0 to 12.0 K | 3
    P322 | Expansion valve start position | 35 % | 20 to 60 % | 3
    P330 | Economizer release from | 50 Hz | 40 to 70 Hz | 3
    """,
    "The pump exercise runs each pump for 60 seconds if it has not run during the set time.",
    "A superheat below 5 K lets liquid refrigerant into the compressor and voids the warranty.",
)
parameters(
    "5.6",
    "Parameters P400: communication",
    """
    P401 | Protocol | Modbus TCP | TCP, RTU, off | 3
    P402 | IP address | 192.168.90.10 | any | 3
    P405 | Modbus unit | 9 | 1 to 247 | 3
    P408 | Watchdog | 120 s | 10 to 900 s | 3
    P410 | TorvendLink | on | on, off | 3
    P412 | Time server | pool.torvend.example | any | 3
    P415 | Summer time | automatic | automatic, off | 3
    P420 | Reaction to bus failure | hold | hold, stop, P101 | 3
    """,
    "If the watchdog runs out the controller reacts as set in P420 and shows E502.",
    "Port 502 must be open for Modbus TCP; at most three clients may be connected at once.",
)
# 35
page(
    H("5.7 Modbus registers", 2),
    P("Holding registers, function codes 3 and 16, all values with sign, 16 bits."),
    table(
        """
        Register | Value | Factor | Access
        40001 | Operating state (0 off, 1 ready, 2 runs, 3 fault) | 1 | read
        40002 | Sink outlet temperature | 0.1 °C | read
        40003 | Source inlet temperature | 0.1 °C | read
        40006 | Compressor speed | 0.1 Hz | read
        40010 | Thermal output | 0.1 kW | read
        40011 | Electrical input | 0.1 kW | read
        40015 | Active fault code | 1 | read
        40101 | Set point sink outlet | 0.1 °C | read, write
        40102 | Release (0 off, 1 on) | 1 | read, write
        40105 | Night mode | 1 | read, write
    """,
        [1, 3.6, 1, 1],
    ),
    P(
        "Registers 40101 and 40102 are written at most once per minute, because the values go into a "
        "memory with limited life."
    ),
)
# 36
page(
    H("5.8 Remote access TorvendLink", 2),
    P(
        "TorvendLink 3.0 sends the data to the data centre in Leipzig every 60 seconds. The connection is "
        "opened by the unit only, on port 8883."
    ),
    table("""
        Function | Basic | Professional
        Live values | yes | yes
        Storage of trends | 30 days | 36 months
        Alarm by text message | no | yes
        Change of the set point | no | yes
        Monthly efficiency report | no | yes
        Fee per unit and year | none | 480 euros
    """),
    P(
        "To register, scan the QR code in the menu Service > TorvendLink and enter the activation key on "
        "the label of the controller."
    ),
    P(
        "A technician can open a remote session only if the operator presses Allow on the panel; it ends "
        "after four hours."
    ),
)
# 37
page(
    H("6 Maintenance", 1),
    H("6.1 Maintenance plan", 2),
    P("The interval that comes first applies. Maintenance is recorded in the unit file."),
    table(
        """
        Work | Operating hours | Calendar | Page
        Visual inspection | none | weekly | 38
        Cleaning of the drive filter mat | 1,000 | monthly | 38
        Water analysis | none | 6 months | 18
        Annual inspection with leak check | 8,000 | 12 months | 39
        Filter drier | 6,000 | 12 months | 42
        Oil analysis | 4,000 | 6 months | 41
        Oil change | 16,000 | 36 months | 41
        Cleaning of the heat exchangers | none | 24 months or at 30 % more pressure drop | 43
        Overhaul of the compressor | 40,000 | 7 years | 40
    """,
        [2.4, 1.2, 2, 0.6],
    ),
    P(
        "Until revision 5 the interval of the filter drier was 8,000 hours; units in operation change over "
        "to 6,000 hours."
    ),
)
# 38
page(
    H("6.2 Weekly and monthly work", 2),
    P("The weekly walk takes about ten minutes and is done by an instructed person."),
    bullets("""
        Listen: no new noises, no vibration of pipes.
        Look: no oil stains below the compressor, sight glass clear, moisture indicator green.
        Read: sink pressure 2 to 8 bar, difference across the strainers below 20 kPa.
        Smell and check: gas detector without alarm, ventilation free.
    """),
    P("Each month exchange or wash the filter mat TV-4470-020 of the drive. A mat may be washed three times at most."),
    P(
        "Press the test button of the residual current device every six months. Move the shut-off valves "
        "once a quarter, so that they do not seize."
    ),
)
# 39
page(
    H("6.3 Annual inspection", 2),
    P("The annual inspection takes one technician about seven hours. The unit stands still for four of them."),
    table(
        """
        Check | Method | Limit
        Leak tightness | electronic detector, 5 g/year | no indication
        High pressure switch | close sink flow slowly | 23.5 bar, tolerance 0.5 bar
        Insulation of the motor | 500 V DC | above 20 megohms
        Contact resistance of Q1 | milliohm meter | below 0.4 milliohm
        Safety valves | lifting | closes tight
        Sensor comparison | reference thermometer | below 0.5 K
        Drive fan | running noise, hours | exchange at 30,000 hours
    """,
        [1.6, 2.2, 1.8],
    ),
    P(
        "For charges above 500 tonnes of CO2 equivalent the law would require shorter leak checks; the "
        "TVI-90 stays below this."
    ),
)
# 40
page(
    H("6.4 Overhaul of the compressor", 2),
    P(
        "The overhaul is due after 40,000 operating hours. It takes two technicians three days; an "
        "exchange compressor shortens this to one day."
    ),
    steps("""
        Recover the refrigerant, drain the oil.
        Disconnect the motor cable and mark the phases.
        Remove the compressor with the trolley TV-9090-010.
        Replace bearings, shaft seal and slide valve with the kit for the type.
        Check the rotor clearance: 0.12 to 0.18 mm, reject above 0.25 mm.
        Refit, tighten crosswise according to chapter 7, evacuate, charge.
    """),
    table("""
        Compressor | Overhaul kit | Hours of work
        KS-60 | TV-9040-160 | 38
        KS-75 | TV-9040-175 | 42
        KS-90 | TV-9040-190 | 49
    """),
)
# 41
page(
    H("6.5 Oil analysis and oil change", 2),
    table("""
        Value | Good | Watch | Change the oil
        Water | below 60 ppm | 60 to 100 ppm | above 100 ppm
        Acid number | below 0.05 mg KOH/g | 0.05 to 0.10 | above 0.10
        Viscosity at 40 °C | 80 to 90 mm²/s | 75 to 80 | below 75
        Iron | below 15 ppm | 15 to 40 ppm | above 40 ppm
    """),
    steps("""
        Let the unit run for 20 minutes, so that the oil is warm.
        Stop, lock out and relieve the oil separator to 0.2 bar.
        Drain the oil through the valve OV-1 into a closed can.
        Replace the two oil filters and the gasket of the cover.
        Fill new oil with the hand pump through OV-2.
        Switch on the heater and wait for the hold temperature.
    """),
    P("Waste oil contains refrigerant; it has the waste code 13 02 06 and is stored in vented cans."),
)
# 42
page(
    H("6.6 Filter drier", 2),
    P(
        "Replace the cores when the pressure drop exceeds 0.3 bar or the moisture indicator turns yellow, "
        "at the latest after 6,000 hours."
    ),
    table("""
        Model | Number of cores | Part number of the core | Cover gasket
        TVI-90-A | 2 | TV-9040-330 | TV-9040-338
        TVI-90-B | 2 | TV-9040-330 | TV-9040-338
        TVI-90-C | 3 | TV-9040-331 | TV-9040-339
    """),
    steps("""
        Close the valve RV-5 and pump down to 1.1 bar at the suction side.
        Close RV-6, lock out, open the vent screw.
        Take off the cover; 8 screws, width across flats 19.
        Insert the new cores within 10 minutes of opening their bag.
        Evacuate the housing to 2 mbar and open the valves slowly.
    """),
)
# 43
page(
    H("6.7 Cleaning of the heat exchangers", 2),
    P("Clean the plates when the pressure drop is 30 percent above the value in the record CR-90."),
    table("""
        Deposit | Agent | Concentration | Temperature | Time
        Lime | citric acid | 5 % | 40 °C | 3 hours
        Iron oxide | oxalic acid | 4 % | 50 °C | 2 hours
        Biofilm | hydrogen peroxide | 2 % | 20 °C | 1 hour
        Oil, grease | alkaline cleaner RK-7 | 3 % | 60 °C | 2 hours
    """),
    bullets("""
        Flush against the normal flow direction with at least 1.5 times the nominal flow.
        Never use hydrochloric acid: it destroys the copper solder.
        Neutralise with a 1 % solution of sodium bicarbonate until the pH is above 7.
    """),
    P("Flush with clear water for 20 minutes and make a new water analysis."),
)
# 44
page(
    H("6.8 Pumps and valves", 2),
    P(
        "The pumps P1 and P2 have mechanical seals, which may lose up to three drops per hour during the "
        "first 50 hours."
    ),
    table("""
        Pump | Part number | Seal kit | Bearing life
        P1 model A | TV-9040-401 | TV-9040-411 | 25,000 hours
        P1 models B and C | TV-9040-402 | TV-9040-412 | 25,000 hours
        P2 all models | TV-9040-405 | TV-9040-415 | 30,000 hours
    """),
    P(
        "The expansion valve has a life of 120,000 full strokes; the counter stands in the menu Service > "
        "Valves. Replace the motor head at 100,000 strokes."
    ),
    P("Move the valve by hand only with the magnet TV-9090-021 and only with the unit locked out."),
)


def torques(number: str, title: str, text: str, *remarks: str) -> None:
    """A page of tightening torques."""
    rows = "Connection | Thread | Torque | Remark\n" + text.strip()
    page(H(f"{number} {title}", 2), table(rows, [2.4, 1, 1, 2]), *[P(remark) for remark in remarks])


# 45 to 47
MAIN_PAGES.append(
    (
        H("7 Tightening torques", 1),
        H("7.1 Compressor", 2),
        table(
            """
            Connection | Thread | Torque | Remark
            Compressor feet | M20 | 310 Nm | with Loctite 243
            Suction flange | M16 | 180 Nm | crosswise in three steps
            Discharge flange | M16 | 195 Nm | new gasket each time
            Motor terminal cover | M8 | 22 Nm | none
            Bearing cover | M12 | 86 Nm | crosswise
            Slide valve housing | M10 | 49 Nm | oil the thread
            Oil drain plug | G 3/4 | 70 Nm | new copper ring
            Oil filter cover | M10 | 42 Nm | check after 100 hours
        """,
            [2.4, 1, 1, 2],
        ),
        P("The values apply to oiled threads of grade 8.8 unless the remark says otherwise."),
        P("Torque wrenches are calibrated every 12 months; the tolerance is 4 percent."),
    )
)
torques(
    "7.2",
    "Flanges and pipes",
    """
    Water flange DN65 | M16 | 85 Nm | EPDM gasket with steel ring
    Water flange DN80 | M16 | 95 Nm | EPDM gasket with steel ring
    Water flange DN100 | M16 | 110 Nm | EPDM gasket with steel ring
    Filter drier cover | M12 | 78 Nm | crosswise
    Sight glass | M30 x 1.5 | 55 Nm | new O-ring
    Expansion valve body | M8 | 28 Nm | screw grade 10.9
    High pressure switch | 7/16 UNF | 16 Nm | hold with second spanner
    Relief valve | G 1 | 120 Nm | PTFE tape not permitted
    """,
    "Tighten water flanges again after the first 50 operating hours, in the warm state.",
    "The flange values were corrected in revision 2; values on stickers of 2023 are not valid any more.",
)
torques(
    "7.3",
    "Electrical terminals",
    """
    Main switch Q1, supply | M10 | 30 Nm | check yearly
    Drive FD-40, U V W | M8 | 14 Nm | check yearly
    Drive FD-40, DC link | M8 | 12 Nm | only without voltage
    Motor terminals KS-60, KS-75 | M10 | 26 Nm | lock nut
    Motor terminals KS-90 | M12 | 41 Nm | lock nut
    Protective conductor bar | M8 | 15 Nm | none
    Terminals X1 | screw | 2.5 Nm | wire ferrules
    Terminals X2 | spring | none | release with tool
    """,
    "Mark each tightened screw with a red line of safety lacquer.",
    "After transport all screws of the main circuit are checked, because vibration loosens them.",
)
# 48
page(
    H("8 Faults", 1),
    H("8.1 How faults are shown and reset", 2),
    P(
        "The first digit of the code names the group: E1 refrigerant, E2 water circuits, E3 drive and "
        "motor, E4 sensors, E5 communication."
    ),
    table("""
        Class | Lamp | Restart | Reset
        Warning | yellow | runs on | not needed
        Fault | red | automatic after 15 minutes, three times in 24 hours | panel level 1
        Lock | red, flashing | none | panel level 3 after finding the cause
    """),
    P(
        "Before a reset save the data: Service > Fault recorder > USB. The recorder keeps 120 seconds "
        "before and 60 seconds after each fault."
    ),
    P(
        "The service hotline is +49 341 5550 500, in the Czech language +420 5 5550 0500. Have the serial "
        "number and the code ready."
    ),
)
# 49 to 53
page(
    H("8.2 Fault codes E1xx: refrigerant circuit", 2),
    code_table("""
        E101 | High pressure switch open | lock | Check sink flow, clean strainer, check P2; switch trips at 23.5 bar
        E103 | Low pressure below 0.8 bar | fault | Check source flow and charge, search for leaks
        E106 | Discharge gas above P210 | fault | Check superheat and oil cooler
        E109 | Superheat below 3 K for 60 s | fault | Check expansion valve and suction sensor B8
        E112 | Oil pressure difference below 0.9 bar | lock | Replace oil filters, check oil level and pump-out valve
        E115 | Oil temperature below 30 °C at start | warning | Check crankcase heater and its fuse F7
        E118 | Outside the operating envelope | fault | Compare temperatures with page 13, adapt the set point
        E121 | Gas detector main alarm | lock | Leave the room, ventilate, find the leak
    """),
    P("E101 three times within an hour points to a closed valve in the sink circuit in most cases."),
)
page(
    H("8.3 Fault codes E2xx: water circuits", 2),
    code_table("""
        E201 | Source flow switch open | fault | Vent the pipe, clean strainer, check P1
        E204 | Source outlet below P124 | fault | Raise source flow, check heat supply
        E207 | Frost danger in the evaporator | lock | Warm up the source above 8 °C, then inspect for damage
        E211 | Sink flow too small | fault | Check valves and P308
        E214 | Sink pressure below 1.0 bar | warning | Refill, check expansion vessel
        E218 | Pump P1 motor protection | fault | Measure current, set protection to 8.4 A
        E219 | Pump P2 motor protection | fault | Measure current, set protection to 5.6 A
        E223 | Leak sensor in the tray | warning | Dry the tray, find the leak
    """),
    P("E207 must not be reset before the evaporator was checked for internal leaks with the helium test."),
)
page(
    H("8.4 Fault codes E3xx: drive and motor", 2),
    code_table("""
        E301 | Drive reports alarm | fault | Read the alarm A-xx on the drive, see parameter list of the FD-40
        E302 | Motor winding above 130 °C | fault | Check suction gas cooling and load
        E304 | Wrong phase sequence | lock | Exchange two phases at Q1
        E306 | Mains undervoltage below 340 V | fault | Check supply, inform the grid operator
        E309 | Heat sink of the drive above 92 °C | fault | Clean filter mat, check fan
        E312 | Motor current unbalance above 8 % | lock | Measure windings, check terminals
        E315 | Pre-charge contactor stuck | lock | Replace contactor K3, part TV-9040-455
        E318 | Earth fault | lock | Measure insulation of motor and cable
    """),
    P("Units before serial number 90-25-0001 have the drive FD-30 and other codes, see revision 4 of this manual."),
)
page(
    H("8.5 Fault codes E4xx: sensors", 2),
    code_table("""
        E401 | Sensor B1 source inlet | warning | Runs on with B2 plus 5 K, replace sensor
        E402 | Sensor B2 source outlet | fault | Replace sensor, check X2:3
        E403 | Sensor B3 sink inlet | warning | Replace sensor
        E404 | Sensor B4 sink outlet | fault | Replace sensor, check X2:7
        E407 | Sensor B7 discharge gas | lock | Replace sensor TV-9040-507
        E411 | Pressure sensor B11 | lock | Check plug, 4 to 20 mA equals 0 to 10 bar
        E412 | Pressure sensor B12 | lock | Check plug, 4 to 20 mA equals 0 to 30 bar
        E415 | Gas detector failed | lock | Replace sensor head every 36 months
    """),
    P("A sensor is reported as failed when its value leaves the range -40 to 200 °C for 10 seconds."),
)
page(
    H("8.6 Fault codes E5xx: communication", 2),
    code_table("""
        E501 | No connection to the drive | fault | Check X2:30 to X2:32, address 17 in F30
        E502 | Watchdog of the building control | warning | Check network, P408 and P420
        E505 | TorvendLink not connected | warning | Check internet access, port 8883
        E508 | Expansion module missing | lock | Check ribbon cable and switch S2
        E511 | Clock not set | warning | Set time, replace battery CR2032
        E514 | Memory card full | warning | Save trends and delete
        E517 | Licence of the professional functions expired | warning | Renew in the portal
    """),
    P("E501 that comes and goes is often caused by a motor cable screen that is connected at one end only."),
)
# 54
page(
    H("8.7 Resistance of the sensors", 2),
    P("All temperature sensors are of the type Pt1000, class A. Measure with the plug pulled off."),
    table("""
        Temperature | Resistance
        -20 °C | 921.6 ohms
        0 °C | 1000.0 ohms
        20 °C | 1077.9 ohms
        40 °C | 1155.4 ohms
        60 °C | 1232.4 ohms
        80 °C | 1309.0 ohms
        100 °C | 1385.1 ohms
        120 °C | 1460.7 ohms
    """),
    P(
        "A deviation of 4 ohms corresponds to about 1 K. Subtract the resistance of the cable, 0.04 ohms "
        "per metre of 2 x 0.75 square millimetres."
    ),
)


def parts(number: str, title: str, text: str, *remarks: str) -> None:
    """A page of spare parts."""
    rows = "Part number | Description | Model | Lead time\n" + text.strip()
    page(H(f"{number} {title}", 2), table(rows, [1.2, 2.8, 1, 1]), *[P(remark) for remark in remarks])


# 55 to 58
MAIN_PAGES.append(
    (
        H("9 Spare parts", 1),
        H("9.1 Compressor and refrigerant circuit", 2),
        table(
            """
            Part number | Description | Model | Lead time
            TV-9040-060 | Screw compressor KS-60 | A | 8 weeks
            TV-9040-075 | Screw compressor KS-75 | B | 8 weeks
            TV-9040-090 | Screw compressor KS-90 | C | 11 weeks
            TV-9040-160 | Overhaul kit KS-60 | A | 3 weeks
            TV-9040-175 | Overhaul kit KS-75 | B | 3 weeks
            TV-9040-190 | Overhaul kit KS-90 | C | 4 weeks
            TV-9040-250 | Expansion valve EV-42 | A, B | 5 days
            TV-9040-251 | Expansion valve EV-60 | C | 5 days
            TV-9040-256 | Economizer valve EV-18 | B, C | 5 days
            TV-9040-270 | Condenser plate pack | A, B | 6 weeks
        """,
            [1.2, 2.8, 1, 1],
        ),
        P(
            "Orders go to parts@torvend.example. Orders received before 14:00 on a working day are shipped on "
            "the same day if the part is in stock."
        ),
    )
)
parts(
    "9.2",
    "Water circuits",
    """
    TV-9040-210 | Safety valve sink 10 bar | all | 3 days
    TV-9040-212 | Safety valve source 6 bar | all | 3 days
    TV-9040-401 | Source pump P1 | A | 3 weeks
    TV-9040-402 | Source pump P1 | B, C | 3 weeks
    TV-9040-405 | Sink pump P2 | all | 3 weeks
    TV-9040-430 | Flow switch FS-1 | all | 5 days
    TV-9040-436 | Strainer insert 0.8 mm DN80 | A | 2 days
    TV-9040-437 | Strainer insert 0.8 mm DN100 | B, C | 2 days
    TV-9040-438 | Strainer insert 0.5 mm | all | 2 days
    TV-9040-610 | Vibration damper | all | 4 days
    """,
    "Pumps are delivered without counter flanges. The terminal box can be turned in steps of 90 degrees.",
)
parts(
    "9.3",
    "Electrical parts",
    """
    TV-9040-450 | Frequency drive FD-40, 110 kW | A, B | 6 weeks
    TV-9040-451 | Frequency drive FD-40, 132 kW | C | 6 weeks
    TV-9040-455 | Pre-charge contactor K3 | all | 4 days
    TV-9040-460 | Controller TC-9 | all | 2 weeks
    TV-9040-462 | Panel 7 inch | all | 2 weeks
    TV-9040-470 | Harmonic filter HF-9 | option | 9 weeks
    TV-9040-501 | Temperature sensor Pt1000, 6 m | all | 2 days
    TV-9040-507 | Discharge gas sensor B7 | all | 2 days
    TV-9040-511 | Pressure sensor 0 to 10 bar | all | 2 days
    TV-9040-512 | Pressure sensor 0 to 30 bar | all | 2 days
    TV-9040-530 | Gas detector GD-2 | all | 1 week
    """,
    "State the software version when ordering a controller; the parameters are transferred from the memory card.",
)
parts(
    "9.4",
    "Consumables and seal kits",
    """
    TV-9040-310 | Oil PX-85, can of 5 litres | all | 1 day
    TV-9040-311 | Oil PX-85, can of 20 litres | all | 1 day
    TV-9040-315 | Oil filter set, 2 pieces | all | 1 day
    TV-9040-330 | Filter drier core | A, B | 1 day
    TV-9040-331 | Filter drier core, long | C | 1 day
    TV-9040-338 | Cover gasket filter drier | A, B | 1 day
    TV-9040-339 | Cover gasket filter drier | C | 1 day
    TV-9040-411 | Seal kit pump P1 | A | 4 days
    TV-9040-412 | Seal kit pump P1 | B, C | 4 days
    TV-9040-415 | Seal kit pump P2 | all | 4 days
    TV-4470-020 | Filter mat drive FD-40 | all | 1 day
    """,
    "Recommended stock at the customer: one oil filter set, one set of cores, two filter mats, one sensor Pt1000.",
)
# 59
page(
    H("10 End of life and warranty", 1),
    H("10.1 Decommissioning and disposal", 2),
    P(
        "Standstill of more than four weeks: close the valves of the receiver, leave the crankcase heater "
        "on, turn the pumps monthly."
    ),
    steps("""
        Save the unit file and the trends.
        Recover the refrigerant and weigh it; the amount goes into the log book.
        Drain the oil and the water circuits; collect glycol.
        Lock out and disconnect the supply.
        Separate the materials according to the table.
    """),
    table("""
        Material | Share TVI-90-B | Way
        Steel and cast iron | 71 % | scrap
        Copper and brass | 12 % | scrap
        Stainless steel plates | 9 % | scrap
        Electronics | 3 % | electronic waste
        Insulation and plastics | 5 % | energy recovery
    """),
    P("Torvend takes back compressors at the end of their life; the credit is 3 percent of the list price."),
)
# 60
page(
    H("10.2 Warranty and service contacts", 2),
    P(
        "The warranty is 24 months from the date of the record CR-90, at most 30 months from delivery. "
        "With a maintenance contract it is 36 months."
    ),
    bullets("""
        Not covered: wear parts, damage by water outside the limits of 3.4, repairs by persons without qualification.
        Claims are reported within eight days of discovery, with the data of the fault recorder.
        Replaced parts become the property of Torvend and are sent back within 30 days.
    """),
    table(
        """
        Region | Contact | Telephone | Hours
        Germany, Austria, Switzerland | Service Leipzig | +49 341 5550 500 | day and night
        Czech Republic, Slovakia, Poland | Service Brno | +420 5 5550 0500 | 06:00 to 20:00
        France, Benelux | Service Lyon | +33 4 5550 7750 | 07:00 to 19:00
        China | Service Suzhou | 400-555-0188 | 08:00 to 20:00
    """,
        [2, 1.3, 1.3, 1],
    ),
    P(
        "The course TI-90 takes four days and is held in Leipzig in February, May and October; it costs "
        "1,480 euros per person."
    ),
)


def _contents() -> Sequence[Block]:
    entries: list[tuple[str, str]] = []
    for number, blocks in enumerate(MAIN_PAGES, start=1):
        headings = [block for block in blocks if isinstance(block, H) and block.level == 2]
        entries.extend((heading.text, str(number)) for heading in headings if heading.text[:1].isdigit())
    entries += [("", "")] * (len(entries) % 2)
    half = len(entries) // 2
    rows = [[*left, *right] for left, right in zip(entries[:half], entries[half:], strict=True)]
    return [H("Contents", 1), T([["Section", "Page", "Section", "Page"], *rows], [5, 1, 5, 1])]


def _blocks() -> list[Block]:
    MAIN_PAGES[CONTENTS_PAGE - 1] = _contents()
    result: list[Block] = []
    for blocks in MAIN_PAGES:
        result.append(Break())
        result.extend(blocks)
    return result


MANUAL = Document(
    path="products/tvi-90-service-manual.pdf",
    title="TVI-90 Service Manual",
    date="2026-05-18",
    author="Nadja Weiss",
    footer="TVI-90 Service Manual | SM-TVI90-EN | Revision 6",
    blocks=_blocks(),
)

ALL = [MANUAL]
