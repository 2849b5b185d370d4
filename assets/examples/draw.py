"""Draw the app's ten example pictures, one for each class of CIFAR-10, next to this script.

    python assets/examples/draw.py

Nothing is copied or traced: every picture is made here from ellipses, splines, gradients and filtered noise, on a
canvas four times too large that is reduced at the end. Everything is seeded; a second run writes the same bytes.

Positions and lengths are in pixels of the finished picture (256 x 256, y downwards), angles in degrees clockwise. A
shape is a mask: an array of opacities from 0 to 1. Its outline is written "x y, x y, …", the course of a stroke
"x y width, x y width, …". `Picture.paint` fills a mask with colour, light and texture, from back to front.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw

Array = NDArray[np.floating]

SIZE, SCALE = 256, 4
N = SIZE * SCALE
Y, X = ((np.mgrid[:N, :N] + 0.5) / SCALE).astype(np.float32)
LIGHT = (-0.5, -0.85)  # the direction towards the light: from the upper left in all pictures


# Colours and textures ------------------------------------------------------------------------------------------------


def rgb(name: str) -> Array:
    return np.array(ImageColor.getrgb(name), np.float32) / 255


def ramp(*stops: tuple[float, str]) -> Array:
    """A gradient from top to bottom through (y, colour) stops: [N, 1, 3]."""
    places, colours = [y for y, _ in stops], np.stack([rgb(name) for _, name in stops])
    return np.stack([np.interp(Y[:, :1], places, channel) for channel in colours.T], -1).astype(np.float32)


def step(values: Array, low: float, high: float) -> Array:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


@cache
def noise(seed: int, length: float, width: float, angle: float = 0) -> Array:
    """Noise of mean 0 and deviation 1, its grains of that size and direction: fur, grass, leaves, waves, clouds."""
    half = N // 2  # half the resolution is fine enough
    white = np.random.default_rng(seed).standard_normal((half, half))
    fy, fx = np.meshgrid(np.fft.fftfreq(half), np.fft.rfftfreq(half), indexing="ij")
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    along, across = (c * fx + s * fy) * length, (c * fy - s * fx) * width
    gauss = np.exp(-2 * (np.pi * SCALE / 2) ** 2 * (along**2 + across**2))
    smooth = np.fft.irfft2(np.fft.rfft2(white) * gauss)
    return (smooth / smooth.std()).astype(np.float32).repeat(2, 0).repeat(2, 1)


def blurred(mask: Array, radius: float) -> Array:
    """Gaussian blur in the finished picture's resolution, where it is cheap: [SIZE, SIZE]."""
    small = mask.reshape(SIZE, SCALE, SIZE, SCALE).mean((1, 3))
    place = np.arange(SIZE)
    kernel = np.exp(-0.5 * ((place[:, None] - place) / radius) ** 2)
    kernel /= kernel.sum(1, keepdims=True)
    return (kernel @ small @ kernel.T).astype(np.float32)


def enlarge(small: Array) -> Array:
    return np.asarray(Image.fromarray(small).resize((N, N), Image.Resampling.BICUBIC))


# Shapes --------------------------------------------------------------------------------------------------------------


def numbers(points: str) -> Array:
    return np.array([point.split() for point in points.split(",")], float)


def spline(points: Array, closed: bool) -> Array:
    """A Catmull-Rom curve through the points, sixteen steps from each to the next."""
    ends = (points[-1:], points[:2]) if closed else (points[:1], points[-1:])
    p = np.vstack([ends[0], points, ends[1]])
    t = np.linspace(0, 1, 16, endpoint=False)[:, None]
    a, b, c, d = (p[i : len(p) - 3 + i, None] for i in range(4))
    curve = b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * b - a - 3 * c + d)))
    return np.vstack([curve.reshape(-1, p.shape[1]), p[-2:-1]])


def polygon(*outlines: str, smooth: bool = False) -> Array:
    sheet = Image.new("L", (N, N))
    for outline in map(numbers, outlines):
        corners = spline(outline, closed=True) if smooth else outline
        ImageDraw.Draw(sheet).polygon([(x, y) for x, y in corners * SCALE], fill=255)
    return np.asarray(sheet, np.float32) / 255


def blob(*outlines: str) -> Array:
    """What smooth closed curves enclose."""
    return polygon(*outlines, smooth=True)


def box(left: float, top: float, right: float, bottom: float) -> Array:
    return polygon(f"{left} {top}, {right} {top}, {right} {bottom}, {left} {bottom}")


def stroke(*courses: str) -> Array:
    """Smooth lines of changing width: legs, tails, branches, whiskers."""
    sheet = Image.new("L", (N, N))
    draw = ImageDraw.Draw(sheet)
    for course in courses:
        curve = spline(numbers(course), closed=False) * SCALE
        for start, end in pairwise(curve):
            for x, y, width in np.linspace(start, end, 8):
                draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    return np.asarray(sheet, np.float32) / 255


def ellipse(x: float, y: float, rx: float, ry: float, angle: float = 0) -> Array:
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    u, v = (c * (X - x) + s * (Y - y)) / rx, (c * (Y - y) - s * (X - x)) / ry
    return np.clip((1 - np.hypot(u, v)) * min(rx, ry) * SCALE + 0.5, 0, 1)


def both(mask: Array) -> Array:
    """The mask and its mirror image."""
    return np.maximum(mask, np.fliplr(mask))


def soft(mask: Array, radius: float) -> Array:
    return enlarge(blurred(mask, radius))


def furry(mask: Array, seed: int, angle: float, length: float = 3) -> Array:
    """The mask with the ragged edge of fur that lies in the direction `angle`."""
    hairs = np.clip(noise(seed, length, 0.5, angle), -2.5, 2.5)
    return step(soft(mask, length * 0.7) + 0.13 * hairs, 0.4, 0.6)


class Picture:
    """A canvas [N, N, 3], painted from back to front."""

    def __init__(self, background: Array) -> None:
        self.pixels = np.broadcast_to(background, (N, N, 3)).copy()

    def paint(
        self,
        mask: Array,
        colour: str | Array,
        light: float = 0,
        rim: float = 8,
        grain: Array | None = None,
        amount: float = 0.1,
    ) -> None:
        """Fill the mask. `light` rounds it like a cushion with a rim that wide; `grain` is a texture."""
        paint = rgb(colour) if isinstance(colour, str) else colour
        if light:
            dy, dx = np.gradient(blurred(mask, rim))
            slope = enlarge(-2.2 * light * rim * (LIGHT[0] * dx + LIGHT[1] * dy))[..., None]
            paint = paint * (1 + np.minimum(slope, 0) * rgb("#fff4e0")) + (1 - paint) * np.maximum(slope, 0) * 0.6
        if grain is not None:
            paint = paint * (1 + amount * grain[..., None])
        self.pixels += mask[..., None] * (np.clip(paint, 0, 1) - self.pixels)

    def darken(self, mask: Array, amount: float) -> None:
        self.pixels *= 1 - amount * mask[..., None]

    def lighten(self, mask: Array, amount: float) -> None:
        self.pixels += amount * mask[..., None] * (1 - self.pixels)

    def shadow(self, x: float, y: float, rx: float, ry: float, amount: float = 0.45) -> None:
        """The soft shadow of something that stands on the ground."""
        self.darken(soft(ellipse(x, y, rx, ry), ry * 0.6), amount)

    def eye(self, x: float, y: float, r: float, iris: str, pupil: float = 0.65, aspect: float = 1) -> None:
        """Dark rim, iris, pupil (its height a part of the eye's, its width `aspect` times that), glint."""
        self.paint(ellipse(x, y, r * 1.18, r * 1.12), "#1a1410")
        self.paint(ellipse(x, y, r, r), iris, light=-0.5, rim=r / 2)
        self.paint(ellipse(x, y, r * pupil * aspect, r * pupil), "#0c0a0a")
        self.paint(ellipse(x - r * 0.3, y - r * 0.35, r * 0.24, r * 0.24), "#ffffff")

    def hooves(self, *legs: str) -> None:
        """Hooves where the legs (strokes from the top down) end."""
        for x, y, w in (numbers(leg)[-1] for leg in legs):
            outline = f"{x - w * 0.6} {y - 3}, {x + w * 0.6} {y - 3}, {x + w * 0.75} {y + 5}, {x - w * 0.8} {y + 5}"
            self.paint(polygon(outline), "#241a14", light=0.4, rim=2)

    def wheel(self, x: float, y: float, r: float) -> None:
        self.paint(ellipse(x, y, r, r), "#1d1d20", light=0.5, rim=3)
        self.paint(ellipse(x, y, r * 0.6, r * 0.6), "#c3c7cc", light=0.4, rim=3)
        for turn in np.radians(np.arange(0, 360, 72)):
            hole = ellipse(x + r * 0.36 * np.cos(turn), y + r * 0.36 * np.sin(turn), r * 0.11, r * 0.11)
            self.paint(hole, "#4a4d52")
        self.paint(ellipse(x, y, r * 0.14, r * 0.14), "#55585e")

    def image(self) -> Image.Image:
        return Image.fromarray((np.clip(self.pixels, 0, 1) * 255 + 0.5).astype(np.uint8)).reduce(SCALE)


# Backgrounds ---------------------------------------------------------------------------------------------------------


def bokeh(top: str, bottom: str, glow: str, seed: int) -> Picture:
    """Something far out of focus."""
    p = Picture(ramp((0, top), (SIZE, bottom)))
    p.paint(0.5 * step(noise(seed, 26, 26), 0, 1.9), glow)
    return p


def road(edge: float) -> Picture:
    """A grey road in front of hazy trees, under a bright sky."""
    p = Picture(ramp((0, "#9fc7e9"), (edge - 40, "#e6eff2")))
    trees = step(Y - edge + 34 + 9 * noise(31, 14, 40), -3, 6)
    p.paint(trees, ramp((edge - 50, "#8fae84"), (edge, "#5f8458")), grain=noise(32, 4, 3), amount=0.08)
    asphalt = ramp((edge, "#9b9b9c"), (SIZE, "#6f7073"))
    p.paint(step(Y, edge - 2, edge + 1), asphalt, grain=noise(33, 4, 0.6), amount=0.035)
    return p


def meadow() -> Picture:
    """Grass, a hedge and a summer sky."""
    p = Picture(ramp((0, "#8fbbe4"), (120, "#dbe9f0")))
    hedge = ramp((90, "#6d8a58"), (140, "#557845"))
    p.paint(step(Y + 7 * noise(81, 26, 26), 96, 108), hedge, grain=noise(82, 4, 3), amount=0.1)
    grass = ramp((136, "#8fac55"), (SIZE, "#5f8a35"))
    p.paint(step(Y, 136, 150), grass, grain=noise(83, 7, 0.9, 90), amount=0.1)
    return p


def clearing() -> Picture:
    """High grass in front of dark, blurred trees."""
    p = Picture(ramp((0, "#364a2b"), (110, "#4f673a"), (190, "#63723f")))
    p.paint(step(noise(51, 9, 7), -0.6, 2.0), "#7b9459")
    p.paint(0.8 * step(noise(52, 90, 5, 90), 0.6, 1.6) * step(-Y, -170, -120), "#352f22")
    grass = ramp((160, "#8b9150"), (SIZE, "#6b7038"))
    p.paint(step(Y + 4 * noise(53, 3, 1.2, 90), 160, 176), grass, grain=noise(53, 8, 1.3, 90), amount=0.08)
    return p


# The ten pictures ----------------------------------------------------------------------------------------------------


def airplane() -> Picture:
    p = Picture(ramp((0, "#3f83cf"), (SIZE, "#b5d7f2")))
    p.paint(0.75 * step(noise(1, 46, 15) + (Y - 150) / 90, 0.4, 2.2), "#f4f8fc")
    far_wing_and_tailplane = polygon("128 116, 152 114, 208 72, 194 70", "212 108, 226 107, 240 96, 230 95")
    p.paint(far_wing_and_tailplane, "#b4c0cd", light=0.3, rim=4)
    p.paint(polygon("198 112, 226 110, 246 50, 229 50"), ramp((50, "#1f4f96"), (112, "#3a72bd")), light=0.3, rim=4)
    hull = blob("14 138, 24 125, 46 117, 110 112, 200 106, 240 104, 244 110, 200 132, 130 148, 50 150, 24 147")
    p.paint(hull, ramp((106, "#ffffff"), (130, "#eef2f6"), (148, "#8d9bab")), light=0.5)
    along = Y + 0.12 * X  # constant along the hull
    p.paint(hull * step(along, 147, 148) * step(-along, -153, -151), "#2a5fae")
    for x in range(52, 205, 9):
        p.paint(ellipse(x, 130.5 - 0.055 * x, 2.1, 2.6), "#33485f")
    p.paint(blob("24 129, 32 123, 41 122, 40 128"), "#2b3d52")  # cockpit
    p.paint(polygon("206 116, 228 114, 250 130, 238 132"), "#c8d2dd", light=0.4, rim=4)
    p.darken(hull * soft(polygon("92 136, 148 130, 190 160, 130 165"), 4), 0.25)
    p.paint(ellipse(135, 166, 21, 9.5, -4), "#dfe5ec", light=0.7, rim=5)  # engine
    p.paint(ellipse(116, 167.5, 4, 8.5, -4), "#39465a")
    p.paint(polygon("98 139, 146 133, 214 196, 197 200"), ramp((134, "#eef2f6"), (200, "#b9c4d0")), light=0.4, rim=5)
    return p


def automobile() -> Picture:
    p = road(158)
    p.shadow(128, 206, 114, 10, 0.6)
    p.paint(blob("58 128, 84 92, 104 82, 150 81, 176 92, 206 126, 150 136, 90 136"), "#b3161d", light=0.5, rim=7)
    body = blob("16 166, 22 140, 78 122, 150 118, 206 121, 232 130, 242 152, 240 184, 226 194, 128 196, 30 194, 18 186")
    p.paint(body, ramp((118, "#e0343a"), (150, "#c81c24"), (196, "#7d0d14")), light=0.6, rim=9)
    panes = polygon("76 122, 96 94, 122 89, 122 121", "129 89, 154 89, 168 95, 190 119, 129 121")
    p.paint(panes, ramp((88, "#c6dcea"), (122, "#435a6b")))
    p.lighten(panes * polygon("96 122, 112 88, 122 88, 106 122", "150 122, 160 88, 166 88, 157 122"), 0.2)
    p.darken(stroke("126 124 1, 127 160 1, 124 190 1", "188 124 1, 184 150 1, 168 172 1"), 0.4)  # doors
    p.lighten(stroke("24 152 1, 128 146 1.4, 236 150 1"), 0.35)
    p.paint(ellipse(140, 136, 6, 1.8), "#8e1118", light=0.5, rim=1)
    p.paint(blob("80 121, 84 113, 93 113, 94 121, 88 124"), "#b3161d", light=0.6, rim=3)  # mirror
    p.paint(ellipse(27, 150, 6.5, 9, 20), "#fdf6d8", light=0.4, rim=3)
    p.paint(ellipse(238, 148, 3.5, 8), "#5c0a0e")
    p.paint(stroke("16 180 7, 30 184 8, 42 185 7", "220 185 7, 232 184 8, 242 180 7"), "#aeb3b8", light=0.6, rim=2)
    for x in (66, 194):
        p.darken(ellipse(x, 190, 27, 27) * body, 0.8)
        p.wheel(x, 192, 22)
    return p


def bird() -> Picture:
    p = bokeh("#b9cf9a", "#7d9a63", "#dce7b5", 21)
    branch = stroke("-14 217 15, 90 206 13, 180 210 11, 272 195 8")
    p.paint(branch, "#6d5240", light=0.6, rim=4, grain=noise(22, 8, 0.7, -3), amount=0.2)
    leaves = blob(
        "28 206, 18 186, 30 164, 42 182", "36 216, 60 222, 74 240, 48 240", "222 200, 226 180, 244 166, 246 186"
    )
    p.paint(leaves, ramp((160, "#8fae55"), (240, "#668a3c")), light=0.5, rim=5)
    for x in (112, 136):
        leg, toes = f"{x + 4} 176 5, {x} 194 3.5, {x - 3} 206 4", f"{x - 12} 206 3.5, {x - 2} 203 4.5, {x + 9} 206 3.5"
        p.paint(stroke(leg, toes), "#5a3b2c", light=0.3, rim=2)
    tail = blob("170 140, 206 168, 246 204, 234 212, 196 190, 160 168")
    p.paint(tail, "#4d4338", light=0.4, rim=5, grain=noise(23, 9, 0.8, 42), amount=0.15)
    outline = "52 74, 66 50, 92 42, 116 54, 128 78, 160 104, 186 142, 178 168, 146 184, 108 182, 78 160, 64 128, 60 98"
    body, down = furry(blob(outline), 24, 50), noise(24, 4, 0.6, 55)
    back = ramp((40, "#7b6a54"), (120, "#8b765b"), (190, "#e8dfcc"))
    p.paint(body, back, light=0.7, rim=16, grain=down, amount=0.09)
    breast = body * np.maximum(soft(ellipse(84, 122, 30, 42, -14), 6), soft(ellipse(70, 84, 15, 24), 4))
    p.paint(breast, ramp((60, "#dc7434"), (165, "#c4561f")), light=0.3, rim=14, grain=down, amount=0.1)
    wing = furry(blob("116 102, 144 104, 174 132, 204 178, 168 168, 128 152, 112 128"), 25, 42)
    p.darken(soft(wing, 4) * body, 0.25)
    p.paint(wing, "#5f5140", light=0.7, grain=noise(26, 12, 1.4, 42), amount=0.2)
    p.paint(polygon("36 82, 60 70, 60 84"), "#3c352e", light=0.5, rim=2)
    p.eye(78, 70, 6.5, "#2a1a10")
    return p


def cat() -> Picture:
    p = Picture(ramp((0, "#c9b79c"), (SIZE, "#8d7558")))
    p.paint(0.5 * soft(ellipse(210, 40, 60, 60), 25), "#f4e6c8")
    fur = noise(43, 7, 0.8, 87)
    chest = furry(blob("40 270, 52 214, 84 190, 172 190, 204 214, 216 270, 128 290"), 41, 80)
    p.paint(chest, ramp((190, "#75695d"), (SIZE, "#948a7e")), light=0.5, rim=14, grain=fur, amount=0.09)
    ear = furry(blob("40 96, 38 46, 46 16, 72 36, 108 66, 80 100"), 42, 60)
    inner_ear = furry(blob("52 84, 50 46, 54 34, 72 52, 86 70"), 42, 60)
    p.paint(both(ear), "#8f857a", light=0.5, rim=7, grain=fur, amount=0.09)
    p.paint(both(inner_ear), "#c99a8c", light=0.3, rim=5, grain=fur, amount=0.09)
    outline = "128 54, 176 62, 212 96, 224 144, 204 188, 160 214, 128 220, 96 214, 52 188, 32 144, 44 96, 80 62"
    face = furry(blob(outline), 43, 80, 4)
    p.darken(soft(face, 7) * step(Y, 190, 215), 0.3)
    tabby = ramp((54, "#857a6d"), (140, "#9c9184"), (220, "#b5aa9c"))
    p.paint(face, tabby, light=0.5, rim=18, grain=fur, amount=0.09)
    brow = "128 58 9, 128 74 7, 128 96 3", "106 60 8, 110 78 6, 114 98 3", "84 66 8, 94 84 6, 100 100 3"
    cheek = "38 136 3, 54 142 7, 70 152 3", "38 160 3, 56 162 7, 74 166 3"
    stripes = 0.75 * face * soft(furry(both(stroke(*brow, *cheek)), 44, 85), 1)
    p.paint(stripes, "#3f382f", grain=fur, amount=0.15)
    muzzle = np.maximum(both(ellipse(106, 186, 26, 20)), ellipse(128, 206, 20, 12))
    p.paint(0.9 * soft(muzzle, 4), "#ece4d8", light=0.3, grain=fur, amount=0.04)
    for x in (84, 172):
        p.darken(soft(ellipse(x, 134, 26, 22), 4), 0.4)
        p.eye(x, 134, 20, "#b7c25a", 0.75, 0.5)
    p.paint(blob("114 164, 128 161, 142 164, 128 177"), "#b8756b", light=0.5, rim=3)
    p.paint(both(stroke("128 176 2, 126 190 2.2, 112 196 2.2, 100 192 1.5")), "#4a3a33")
    hairs = "98 178 1.3, 54 167 1, 14 162 .7", "98 184 1.3, 54 182 1, 14 186 .7", "98 190 1.3, 54 196 1, 14 208 .7"
    p.lighten(both(stroke(*hairs)), 0.8)  # whiskers
    return p


def deer() -> Picture:
    p = clearing()
    coat = ramp((60, "#bb8352"), (95, "#b57b49"), (150, "#86552f"), (236, "#7c502f"))
    fur = noise(54, 3, 0.8, 14)
    p.shadow(112, 238, 84, 9)
    far_legs = "76 140 24, 68 174 12, 79 198 7.5, 74 217 6.5, 73 236 6", "146 144 14, 154 180 9, 151 206 6.5, 155 234 6"
    near_legs = "60 126 38, 54 158 22, 62 190 9, 55 216 7, 54 238 7", "142 136 24, 140 176 11, 138 206 7.5, 138 238 7"
    p.paint(stroke(*far_legs), "#664226", light=0.6, rim=4, grain=fur, amount=0.04)
    antler = "180 54 6, 165 40 6, 161 18 5, 164 12 3", "168 44 5, 179 32 4, 178 18 3", "163 29 4, 152 24 4, 147 14 3"
    other = "190 54 6, 205 40 6, 211 19 5, 208 12 3", "201 45 5, 193 32 4, 195 18 3", "209 29 4, 220 25 4, 226 15 3"
    p.paint(stroke(*antler, *other), "#d2bd97", light=0.6, rim=1.5)
    p.paint(furry(ellipse(40, 120, 7, 15, 14), 56, 80, 2), "#efe6d4", light=0.4, rim=4)  # tail
    body = "40 110, 52 95, 90 93, 126 94, 146 90, 160 102, 163 126, 148 150, 110 155, 76 150, 46 142"
    neck = "128 100, 148 90, 164 68, 176 60, 190 72, 185 94, 174 118, 160 138, 140 132"
    trunk = furry(np.maximum(blob(body, neck), stroke(*near_legs)), 55, 12, 1.5)
    p.paint(trunk, coat, light=0.8, rim=12, grain=fur, amount=0.05)
    p.hooves(*far_legs, *near_legs)
    p.paint(0.7 * trunk * soft(ellipse(104, 155, 32, 6), 3), "#d9c3a0")  # belly
    p.paint(0.6 * trunk * soft(ellipse(181, 94, 5, 12, 20), 3), "#e2d2b6")  # throat
    creases = blob("124 100, 130 124, 128 152, 122 150, 124 126", "84 112, 80 134, 72 156, 86 152")
    p.darken(trunk * soft(creases, 4), 0.2)  # behind the shoulder, in front of the thigh
    p.lighten(trunk * soft(ellipse(66, 110, 18, 10, 8), 6), 0.12)
    p.paint(blob("168 60, 146 47, 141 55, 154 69", "194 58, 213 47, 218 54, 206 67"), "#8a5c38", light=0.5, rim=4)
    head = furry(blob("172 58, 184 50, 198 56, 214 72, 228 84, 226 94, 212 96, 192 91, 176 82"), 57, 30, 2)
    p.paint(head, "#a97848", light=0.6, rim=7, grain=fur, amount=0.06)
    p.paint(0.8 * head * soft(ellipse(211, 93, 13, 4, 14), 2), "#e2d2b6")
    p.paint(blob("221 80, 230 84, 228 92, 222 90"), "#2a211d", light=0.4, rim=2)
    p.eye(195, 66, 3.8, "#20150e")
    return p


def dog() -> Picture:
    p = bokeh("#88a56a", "#5e7f46", "#b9cf8d", 61)
    gold, cream = ramp((30, "#dcae6c"), (150, "#cb9450"), (SIZE, "#b87f40")), ramp((0, "#f0dcb4"), (SIZE, "#ead2a6"))
    fur = noise(63, 7, 0.8, 87)
    chest = furry(blob("44 270, 58 206, 90 180, 166 180, 198 206, 212 270, 128 290"), 62, 85, 4)
    p.paint(chest, gold, light=0.5, rim=16, grain=fur, amount=0.08)
    p.paint(0.7 * chest * soft(ellipse(128, 240, 30, 40), 9), cream, grain=fur, amount=0.06)
    outline = "128 26, 168 32, 194 62, 196 110, 182 150, 166 190, 128 206, 90 190, 74 150, 60 110, 62 62, 88 32"
    face = furry(blob(outline), 63, 85, 3)
    p.darken(soft(face, 6) * step(Y, 160, 190), 0.35)
    p.paint(face, gold, light=0.5, rim=18, grain=fur, amount=0.07)
    p.paint(0.7 * soft(blob("120 40, 136 40, 138 110, 118 110"), 5), cream, grain=fur, amount=0.06)
    ears = both(furry(blob("82 36, 56 40, 36 74, 24 130, 34 164, 56 166, 70 132, 78 80"), 64, 100, 4))
    p.darken(soft(ears, 5) * face, 0.3)
    long_fur = noise(64, 9, 0.8, 90)
    p.paint(ears, ramp((36, "#b37a3d"), (166, "#8f5a29")), light=0.6, rim=9, grain=long_fur, amount=0.12)
    p.paint(blob("100 182, 156 182, 148 200, 128 206, 108 200"), "#3a2320")  # mouth
    p.paint(blob("114 192, 142 192, 144 214, 128 230, 112 214"), "#dd7681", light=0.6, rim=6)  # tongue
    p.darken(soft(stroke("128 196 1.5, 128 216 1.5"), 1), 0.3)
    cheeks = both(furry(ellipse(104, 166, 30, 26), 65, 80, 3))
    p.paint(cheeks, cream, light=0.5, rim=10, grain=fur, amount=0.05)
    bridge = furry(blob("128 112, 150 132, 152 160, 128 172, 104 160, 106 132"), 65, 90, 3)
    p.paint(bridge, cream, grain=fur, amount=0.05)
    p.paint(stroke("128 154 2, 128 178 2.4"), "#4a3024")
    p.paint(blob("106 132, 128 127, 150 132, 146 148, 128 157, 110 148"), "#1c1716", light=0.6, rim=5)
    for x in (94, 162):
        p.darken(soft(ellipse(x, 100, 17, 15), 4), 0.35)
        p.eye(x, 101, 11, "#5a3417")
    return p


def frog() -> Picture:
    p = bokeh("#7c8b52", "#6f7443", "#aab56f", 74)
    earth = ramp((140, "#8d7550"), (SIZE, "#65502f"))
    p.paint(step(Y + 5 * noise(71, 16, 5), 136, 152), earth, grain=noise(72, 3, 1.5), amount=0.07)
    p.shadow(128, 210, 108, 16, 0.6)
    skin, warts = ramp((60, "#8c9c45"), (140, "#6f8136"), (220, "#56652b")), noise(73, 3.2, 3.2)
    p.paint(both(stroke("186 204 16, 216 208 12, 246 212 5")), "#66742f", light=0.6, rim=4, grain=warts, amount=0.08)
    thighs = both(blob("188 120, 222 132, 240 168, 232 200, 196 206, 170 184"))
    p.paint(thighs, skin, light=0.7, rim=11, grain=warts, amount=0.08)
    body = blob("128 80, 172 84, 202 122, 206 172, 180 204, 128 210, 76 204, 50 172, 54 122, 84 84")
    p.darken(soft(body, 6), 0.3)
    p.paint(body, skin, light=0.6, rim=18, grain=warts, amount=0.08)
    p.paint(0.9 * body * soft(ellipse(128, 190, 50, 30), 7), "#d6d3a0", grain=warts, amount=0.03)
    arms = both(stroke("184 164 15, 189 182 19, 176 206 15"))
    p.darken(soft(arms, 3), 0.2)
    p.paint(arms, skin, light=0.7, rim=6, grain=warts, amount=0.08)
    p.paint(both(stroke(*(f"176 205 9, {x} 216 6" for x in (160, 176, 192)))), "#76853a", light=0.5, rim=3)
    p.paint(both(ellipse(166, 78, 24, 23)), "#8a9a44", light=0.7, grain=warts, amount=0.05)
    for x in (90, 166):
        p.eye(x, 77, 15, "#c9a032", 0.6, 1.25)
    p.paint(both(stroke("62 128 2, 92 143 3.4, 128 147 3.4")), "#39431c")
    p.paint(both(ellipse(118, 116, 2.4, 2)), "#39431c")
    return p


def horse() -> Picture:
    p = meadow()
    coat, black = ramp((40, "#b06a34"), (110, "#9b5823"), (165, "#6b3613")), "#2b1810"
    fur = noise(84, 6, 0.8, 15)
    p.shadow(140, 234, 90, 9)
    far_legs = "88 140 24, 79 172 12, 84 196 9, 78 228 8", "186 130 32, 177 162 16, 187 186 10, 180 208 8, 177 228 8"
    near_legs = (
        "106 132 34, 104 172 15, 104 200 10, 102 230 9",
        "194 122 42, 195 156 25, 207 182 12, 202 206 9, 200 232 9",
    )
    p.paint(stroke(*far_legs), "#532a10", light=0.6, rim=4, grain=fur, amount=0.04)
    tail = furry(stroke("206 96 9, 226 114 16, 232 150 19, 225 196 5"), 85, 88, 4)
    p.paint(tail, black, light=0.5, rim=5, grain=noise(85, 9, 1, 84), amount=0.3)
    body = "82 120, 98 94, 118 89, 146 97, 180 89, 204 97, 214 118, 208 142, 184 152, 144 160, 106 156, 86 142"
    neck = "130 94, 104 60, 76 32, 60 42, 64 66, 72 96, 82 130, 100 146, 124 120"
    trunk = np.maximum(blob(body, neck), stroke(*near_legs))
    p.paint(trunk, coat, light=0.7, rim=9, grain=fur, amount=0.035)
    p.hooves(*far_legs, *near_legs)
    creases = blob("120 104, 128 130, 122 160, 116 156, 118 128", "176 116, 172 134, 180 156, 184 150")
    p.darken(trunk * soft(creases, 5), 0.25)
    for x, y, rx, ry, angle in ((146, 112, 26, 7, 0), (194, 110, 14, 9, 20), (100, 112, 9, 16, 20)):
        p.lighten(trunk * soft(ellipse(x, y, rx, ry, angle), 5), 0.16)  # the coat shines
    p.paint(blob("66 36, 67 16, 76 21, 79 38"), "#8a4c20", light=0.5, rim=4)
    head = blob("82 42, 70 31, 54 39, 38 66, 24 84, 26 97, 40 100, 54 88, 74 80, 84 62")
    p.darken(soft(head, 4) * trunk, 0.25)
    p.paint(head, "#a8622d", light=0.6, grain=fur, amount=0.035)
    p.darken(head * soft(blob("21 84, 38 87, 42 101, 24 101"), 3), 0.55)  # muzzle
    mane = furry(blob("68 26, 82 27, 108 56, 136 94, 118 98, 100 78, 84 54, 66 44"), 86, 60, 4)
    p.paint(mane, black, light=0.4, rim=5, grain=noise(86, 8, 0.9, 68), amount=0.3)
    p.eye(60, 54, 3.8, "#20120a")
    p.paint(ellipse(30, 89, 2.2, 3.2, 30), "#1a0d07")
    return p


def ship() -> Picture:
    p = Picture(ramp((0, "#7fb2df"), (150, "#dcebf3")))
    p.paint(0.7 * step(noise(91, 50, 12), 0.2, 2), "#ffffff")
    p.paint(step(Y, 149, 150), ramp((150, "#6d9dbf"), (180, "#3a74a2"), (SIZE, "#1d4d7a")))
    p.paint(step(Y, 150, 200) * step(noise(92, 9, 1.6), 0.3, 1.6), "#7fb0cf")
    p.darken(soft(polygon("40 200, 226 200, 206 224, 64 224"), 5), 0.4)
    p.paint(stroke("64 70 1.8, 64 152 3", "138 40 2, 138 140 3.5"), "#d9dde0", light=0.4, rim=2)
    p.paint(polygon("139 42, 158 46, 139 53"), "#c4452f", light=0.4, rim=3)  # flag
    funnel = ramp((71, "#1f2c3a"), (72, "#c4452f"), (106, "#a73823"))
    p.paint(polygon("156 112, 184 112, 189 60, 164 60"), funnel, light=0.4, rim=5)
    for left, right, top, base in ((84, 212, 124, 152), (96, 198, 106, 126), (104, 150, 88, 108)):
        deck = polygon(f"{left + 3} {top}, {right} {top}, {right + 3} {base}, {left} {base}")
        p.paint(deck, ramp((top, "#ffffff"), (base, "#cfd8df")), light=0.3, rim=5)
        p.darken(deck * step(Y, base - 3, base), 0.25)
        for x in range(left + 10, right - 5, 10):
            p.paint(ellipse(x, (top + base) / 2 - 1, 3, 3.2), "#39536b")
    hull = blob("12 138, 40 146, 120 150, 236 146, 242 160, 236 190, 222 208, 120 209, 50 208, 34 190, 22 164")
    p.paint(hull, ramp((140, "#3a5a7d"), (186, "#20364f"), (187, "#a23a2a"), (208, "#742519")), light=0.5, rim=9)
    p.paint(hull * step(-Y, -154, -150), "#f0f3f5")
    for x in range(50, 228, 14):
        p.paint(ellipse(x, 166, 2.4, 2.4), "#c9d9e4")
    foam = step(noise(93, 7, 2) + 1.6 - abs(Y - 209) / 4, 0.4, 1.4) * step(-abs(X - 128), -112, -96)
    p.paint(foam, "#e6f1f6")
    return p


def truck() -> Picture:
    p = road(168)
    p.shadow(128, 215, 118, 10, 0.6)
    p.paint(box(16, 176, 240, 196), "#2e3136", light=0.3, rim=4)
    p.paint(box(84, 54, 242, 180), ramp((54, "#fbfbf8"), (180, "#d2d6d9")), light=0.3, rim=3)
    stripe = np.maximum(box(84, 106, 242, 128), box(84, 133, 242, 136))
    p.paint(stripe, ramp((104, "#3f86c9"), (136, "#2a68a8")))
    for x in range(96, 240, 12):
        p.darken(box(x, 57, x + 1.5, 172), 0.1)
    p.paint(box(84, 172, 242, 180), "#8a8f95")
    cab = blob("10 184, 10 146, 18 132, 28 94, 38 82, 78 80, 80 130, 80 186, 44 190")
    p.paint(cab, ramp((78, "#5a9fdf"), (140, "#2f74b8"), (190, "#1d4f84")), light=0.5)
    pane = polygon("26 128, 36 96, 42 92, 68 92, 68 130")
    p.paint(pane, ramp((92, "#c8dfee"), (130, "#4c6578")))
    p.lighten(pane * polygon("36 132, 50 90, 60 90, 47 132"), 0.2)
    p.darken(stroke("34 134 1, 34 180 1", "73 92 1, 73 182 1"), 0.4)  # door
    p.paint(box(60, 142, 69, 145), "#16395f")
    p.paint(stroke("24 104 4, 23 122 5"), "#24282d", light=0.5, rim=2)  # mirror
    p.paint(ellipse(14, 158, 4, 7), "#fdf3cf", light=0.3, rim=3)
    p.paint(box(6, 176, 46, 190), "#aeb4ba", light=0.5, rim=4)
    for x in (52, 172, 216):
        p.darken(ellipse(x, 196, 24, 24) * step(-Y, -190, -188), 0.7)
        p.wheel(x, 198, 19)
    return p


PICTURES: tuple[Callable[[], Picture], ...] = (airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck)


def main() -> None:
    for draw in PICTURES:
        draw().image().save(Path(__file__).with_name(f"{draw.__name__}.png"), optimize=True)


if __name__ == "__main__":
    main()
