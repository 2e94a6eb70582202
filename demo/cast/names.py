"""Names and towns for people who do not exist. The family names and towns are made up."""

# Words in one string each: a list of some hundred quoted names is harder to read and to extend.
# ruff: noqa: RUF001, SIM905
GIVEN_LATIN = (
    tuple(
        """
    Alma Brida Celia Dagny Elvira Fenna Greta Hedda Ilsa Jorun Katja Liv Mirela Nadja Oriel Petra Ragna Selma Tilda
    Una Vesna Wanda Yara Zelda
    """.split()
    ),
    tuple(
        """
    Anton Bruno Casper Dario Emil Ferris Goran Henrik Ivo Jonas Karel Lorenz Matteo Nils Oskar Pavel Rurik Stefan
    Tomas Ulrik Viktor Wim Yannis Zoran
    """.split()
    ),
)
FAMILY_LATIN = tuple(
    """
    Aldersund Brackmoor Corvanni Dunmarrow Eskelrud Farrowind Galdmer Hollenvik Istrande Jarrowby Kelmorin Lundavar
    Marrowick Nestergard Ostrelle Pellandro Quistholm Ravensund Stellmarck Tarnovell Ulvemoor Varendahl Wexelby
    Ystermond Zambrelli Amberlund Birkenvold Castellar-Roe Dornhagel Elmerod
    """.split()
)
GIVEN_CYRILLIC = (
    tuple(
        """
    Аглая Богдана Віра Ганна Дарина Євгенія Зоряна Ірина Калина Леся Мар'яна Надія Оксана Поліна Роксолана Світлана
    Тетяна Уляна Христина Ярина
    """.split()
    ),
    tuple(
        """
    Андрій Богдан Василь Гліб Данило Євген Захар Ігор Кирило Левко Максим Назар Остап Петро Роман Северин Тарас
    Устим Юхим Ярослав
    """.split()
    ),
)
FAMILY_CYRILLIC = tuple(
    """
    Вербоградко Гайолюк Дзвонимченко Житосвіт Зоремчук Імличенко Калинобрід Лугосвітко Медоварук Небокрайчук
    Озеренчик Пшеницвіт Росомиренко Сизокриленко Тихоброденко Хмаролюк Цвітоярчук Шовкотравко Яворсвіт Ясенобрід
    """.split()
)
PLACES = (
    "Alderhaven",
    "Brindle Quay",
    "Corvane",
    "Dunmere",
    "Eskelby",
    "Fallowmoor",
    "Hollenport",
    "Marrowgate",
    "Ostrelle",
    "Varenholm",
    "Верболуг",
    "Зоребрід",
    "Калиногай",
    "Сизопілля",
    "Тихолісся",
    "Яворець-над-Імлою",
)
# Shares no factor with the number of names in either table, so that names repeat only after all of them.
NAME_STRIDE = 443

FULL_NAMES = tuple(
    tuple(
        [f"{given} {family}" for family in FAMILY_LATIN for given in GIVEN_LATIN[kind]]
        + [f"{given} {family}" for family in FAMILY_CYRILLIC for given in GIVEN_CYRILLIC[kind]]
    )
    for kind in (0, 1)
)
