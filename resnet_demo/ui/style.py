"""The theme: gradio's base in our colours; the font comes with the app, so that nothing is loaded from elsewhere."""

from __future__ import annotations

from gradio import themes

from ..figures.svg import FONTS


def theme() -> themes.Base:
    fonts = [name.strip("' ") for name in FONTS.split(",")]
    blue = themes.Color(
        "#eaf3fa", "#d3e6f4", "#a9cde9", "#7cb2dc", "#4795cc", "#0072b2", "#00629a", "#00517f", "#004165", "#00314c",
        "#002338",
    )  # fmt: skip
    base = themes.Base(
        primary_hue=blue, secondary_hue=blue, neutral_hue="slate", radius_size="md", spacing_size="md",
        font=fonts, font_mono=["ui-monospace", "Menlo", "Consolas", "monospace"],
    )  # fmt: skip
    return base.set(
        body_background_fill="#fafbfc",
        body_background_fill_dark="#11161d",
        body_text_color_subdued="#5b6775",  # gradio's own is too pale on this page to be read (2.5 : 1)
        body_text_color_subdued_dark="#9fabb8",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        input_background_fill="#f1f4f7",
        input_background_fill_dark="#1f2833",
        background_fill_primary_dark="#171e27",
        background_fill_secondary_dark="#11161d",
        block_border_width="0px",
        block_shadow="none",
        block_label_text_size="*text_sm",
        block_title_text_weight="500",
        button_primary_background_fill="*primary_500",
        button_primary_background_fill_hover="*primary_600",
        button_primary_text_color="white",
    )
