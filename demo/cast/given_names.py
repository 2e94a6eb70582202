"""Common given names, to teach the face model which faces suit which names. For the fitting script only."""

# ruff: noqa: SIM905 - a list of some hundred quoted names is harder to read.
WOMEN = frozenset(
    """
    Jennifer Maria Claire Kate Patricia Jessica Catherine Martha Mary Lisa Natalie Anne Dianne Angela Barbara Amy
    Laura Kristin Diane Sandra Paula Tatiana Debra Alexandra Doris Martina Valerie Tina Melissa Jeanette Hana Carla
    Zorica Yekaterina Valentina Theresa Teresa Tammy Sylvia Sue Stephanie Stella Stacey Sophie Simona Silvia Sheila
    Sharon Selma Samira Salma Sally Rosalyn Rita Renee Regina Priscilla Portia Pernilla Penny Penelope Paulina Patty
    Pamela Paige Oxana Nora Nina Nicoletta Natalia Monique Monica Miranda Minnie Melina Maura Marsha Marlene Maritza
    Marina Marie Marianne Mariana Manuela Lynne Lucy Louisa Lorraine Lindsay Linda Leticia Laurie Lauren Kirsten
    Keira Katrin Kathy Kathleen Justine Juliette Julianna Judy Jodie Jen Jelena Jeanne Janice Janica Jane Ivana
    Isabella Irina Imelda Hillary Hilary Helen Hayley Gunilla Gretchen Gloria Gisele Gina Gillian Geraldine Georgina
    Georgia Gabriella Flavia Felicity Fatma Eve Eva Erika Emily Eliza Elena Elaine Donna Diana Dawn Corinne Connie
    Colleen Clare Cindy Christine Christina Cherie Cecilia Cathy Caroline Carolina Candice Camille Biljana Anna Ann
    Anita Angelica Ana Amelia Alicia
    """.split()
)
MEN = frozenset(
    """
    John Martin Richard Mike Bill David Tom James Bob Larry Jonathan Robert Michael Paul Steve Charles William Mark
    Greg Jim Jerry Eric Andrew George Brad Jimmy Colin Stephen Daniel Tommy Kevin Scott Peter Mitchell Steven Joe
    Rick Gary Anthony Jose Jorge Todd Dick Thomas Benjamin Bernard Juan Matthew Andy Dave Joseph Jeffrey Jason
    Mikhail Carlos Ricardo Ali Brian Frank Mohammad Vincent Ian Ed Alfonso Bryan Mohammed Roberto Fernando Leonardo
    Henry Jacques Raul Antonio Boris Abdullah Mario Ken Hugh Pete Nick Matt Pascal Leon Jeremy Darren Tony Donald
    Alex Dan Douglas Ivan Kenneth Julio Roman Hans Herb Phil Bobby Kurt Alan Barry Nelson Wayne Warren Vernon
    Theodore Stanley Simon Ryan Roy Ron Pierre Philippe Oscar
    """.split()
)


def label(given: str) -> float:
    """-1 for a woman's name, 1 for a man's, 0 for a name of neither list."""
    return float(given in MEN) - float(given in WOMEN)
