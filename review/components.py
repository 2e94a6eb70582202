"""The components of a face that are compared one by one, top to bottom (ASTM E3149), and what is said of each."""

from django.db import models


class Component(models.TextChoices):
    """What is compared, in the order of FISWG's list."""

    SKIN = "skin", "Skin"
    OUTLINE = "outline", "Face and head outline"
    COMPOSITION = "composition", "Face and head composition"
    HAIRLINE = "hairline", "Hairline and baldness pattern"
    FOREHEAD = "forehead", "Forehead"
    EYEBROWS = "eyebrows", "Eyebrows"
    EYES = "eyes", "Eyes"
    CHEEKS = "cheeks", "Cheeks"
    NOSE = "nose", "Nose"
    EARS = "ears", "Ears"
    MOUTH = "mouth", "Mouth"
    CHIN = "chin", "Chin and jawline"
    NECK = "neck", "Neck"
    FACIAL_HAIR = "facial_hair", "Facial hair"
    LINES = "lines", "Facial lines"
    SCARS = "scars", "Scars"
    MARKS = "marks", "Marks"
    ALTERATIONS = "alterations", "Alterations"


class Similarity(models.TextChoices):
    """How alike a component is in the two pictures."""

    SIMILAR = "similar", "Similar"
    SOMEWHAT = "somewhat", "Somewhat similar"
    DIFFERENT = "different", "Different"
    CANT_TELL = "cant_tell", "Can't tell"


class Explanation(models.TextChoices):
    """What may explain a difference without there being two people."""

    NONE = "none", "Nothing explains it"
    POSE = "pose", "Pose"
    AGE = "age", "Age"
    EXPRESSION = "expression", "Expression"
    INJURY = "injury", "Injury"
    POST_MORTEM = "post_mortem", "Post-mortem change"
    LIGHT = "light", "Light"
    OTHER = "other", "Something else"
