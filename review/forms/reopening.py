"""Why an ended review is opened anew."""

from django import forms


class ReopenForm(forms.Form):
    """What is new since the review ended."""

    reason = forms.CharField(
        label="What is new?",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
        help_text="In a sentence. It stands in the history with your name; whoever reviews is not shown it.",
        error_messages={"required": "Say in a sentence what is new."},
    )
