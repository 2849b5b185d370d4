from __future__ import annotations

import io
import random
import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, features

from resnet_demo import decoding
from resnet_demo.errors import InputError
from resnet_demo.images import CIFAR10, FORMATS, load_image

# A picture without any symmetry: red left above, green right above, blue below on the left, black on the right.
CORNERS = np.zeros((24, 40, 3), np.uint8)
CORNERS[:12, :20, 0] = CORNERS[:12, 20:, 1] = CORNERS[12:, :20, 2] = 255
COLOUR, GREY = (200, 60, 30), 119


def flat(mode: str, colour=COLOUR, size=(16, 12)) -> Image.Image:
    return Image.new("RGB", size, colour).convert(mode)


def encoded(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def centre(picture: Image.Image) -> tuple[int, ...]:
    assert picture.mode == "RGB"
    pixel = picture.getpixel((picture.width // 2, picture.height // 2))
    assert isinstance(pixel, tuple)
    return pixel


# Colour modes: what a person sees in the picture is what the network gets


def grey16(value: int, kind: str = "<u2") -> Image.Image:
    mode = {"<u2": "I;16", ">u2": "I;16B"}[kind]
    return Image.frombytes(mode, (16, 12), np.full((12, 16), value, kind).tobytes())


def transparent(mode: str, alpha: int) -> Image.Image:
    picture = Image.new("RGBA", (16, 12), (*COLOUR, alpha))
    if mode in ("LA", "La"):
        picture = Image.new("LA", (16, 12), (GREY, alpha))
        return picture.convert("La") if mode == "La" else picture
    return picture.convert(mode)


def palette(alpha: bool) -> Image.Image:
    picture = Image.new("PA" if alpha else "P", (16, 12))
    picture.putpalette([0, 0, 0, *COLOUR])
    picture.paste((1, 128) if alpha else 1, (0, 0, 16, 12))
    return picture


def half(colour) -> tuple[int, ...]:
    """The colour at alpha 128 over white."""
    return tuple(round((value * 128 + 255 * 127) / 255) for value in colour)


MODES = {
    "1": (Image.new("1", (16, 12), 1), (255,) * 3),
    "L": (Image.new("L", (16, 12), GREY), (GREY,) * 3),
    "LA": (transparent("LA", 128), half((GREY,) * 3)),
    "La": (transparent("La", 128), half((GREY,) * 3)),
    "P": (palette(alpha=False), COLOUR),
    "PA": (palette(alpha=True), half(COLOUR)),
    "RGB": (flat("RGB"), COLOUR),
    "RGBX": (flat("RGBX"), COLOUR),
    "RGBA": (transparent("RGBA", 128), half(COLOUR)),
    "RGBA, opaque": (transparent("RGBA", 255), COLOUR),
    "RGBA, invisible": (transparent("RGBA", 0), (255, 255, 255)),
    "RGBa": (transparent("RGBa", 128), half(COLOUR)),
    "CMYK": (flat("CMYK"), COLOUR),
    "YCbCr": (flat("YCbCr"), COLOUR),
    "HSV": (flat("HSV"), COLOUR),
    "LAB": (
        ImageCms.profileToProfile(
            flat("RGB"), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        ),
        COLOUR,
    ),
    "I": (Image.new("I", (16, 12), GREY * 257), (GREY,) * 3),
    "I, out of range": (Image.new("I", (16, 12), -5), (0,) * 3),
    "I;16": (grey16(GREY * 257), (GREY,) * 3),
    "I;16B": (grey16(GREY * 257, ">u2"), (GREY,) * 3),
    "F of 0..255": (Image.new("F", (16, 12), float(GREY)), (GREY,) * 3),
    "F, not a number": (Image.new("F", (16, 12), float("nan")), (0,) * 3),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_colour_mode_is_seen_as_a_person_sees_it(mode):
    picture, expected = MODES[mode]
    pixel = centre(load_image(picture))
    assert np.abs(np.subtract(pixel, expected)).max() <= 3, pixel


def test_floating_point_pictures_of_0_to_1_and_0_to_255_look_alike():
    ramp = np.tile(np.linspace(0, 1, 16, dtype=np.float32), (12, 1))
    small, large = load_image(Image.fromarray(ramp)), load_image(Image.fromarray(ramp * 255))
    assert np.array_equal(np.asarray(small), np.asarray(large))
    assert np.abs(np.asarray(large)[0, :, 0] - ramp[0] * 255).max() <= 1


@pytest.mark.parametrize(
    ("kind", "modes"),
    [
        ("PNG", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"]),
        ("JPEG", ["L", "RGB", "CMYK", "YCbCr"]),
        ("WEBP", ["RGB", "RGBA"]),
        ("GIF", ["1", "L", "P", "RGB"]),
        ("BMP", ["1", "L", "P", "RGB"]),
        ("TIFF", ["1", "L", "P", "RGB", "RGBA", "CMYK", "LAB", "I;16", "I", "F of 0..255"]),
    ],
)
def test_every_mode_that_a_format_can_hold_survives_the_file(kind, modes, tmp_path):
    for mode in modes:
        picture, expected = MODES[mode]
        path = tmp_path / f"{mode[0]}.{kind.lower()}"
        path.write_bytes(encoded(picture, kind))
        for source in (path, str(path), path.read_bytes()):
            loaded = load_image(source)
            assert loaded.size == (16, 12)
            assert np.abs(np.subtract(centre(loaded), expected)).max() <= 6, (mode, centre(loaded))


def test_a_transparent_colour_of_a_palette_shows_white():
    stripes = Image.new("P", (16, 12), 0)
    stripes.putpalette([*COLOUR, 0, 0, 255])
    stripes.paste(1, (8, 0, 16, 12))
    for kind in ("PNG", "GIF"):
        loaded = load_image(encoded(stripes, kind, transparency=0))
        assert loaded.getpixel((2, 2)) == (255, 255, 255)
        assert loaded.getpixel((12, 2)) == (0, 0, 255)


@pytest.mark.parametrize(("bits", "kind"), [(8, "PNG"), (10, "PNG"), (12, "PNG"), (14, "TIFF"), (16, "PNG")])
def test_greys_of_fewer_bits_in_16_are_as_bright_as_they_were(bits, kind):
    """As microscopes and X-ray machines write them: divided by 65535, 12 bits would be all but black."""
    ramp = np.tile(np.linspace(0, 2**bits - 1, 64).astype("<u2"), (16, 1))
    content = encoded(Image.frombytes("I;16", (64, 16), ramp.tobytes()), kind)
    shades = np.asarray(load_image(content))[0, :, 0].astype(int)
    assert np.abs(shades - np.linspace(0, 255, 64)).max() <= 1


def test_greys_of_32_bits_are_scaled_to_their_largest():
    ramp = np.tile(np.linspace(0, 1e9, 64).astype(np.int32), (16, 1))
    shades = np.asarray(load_image(encoded(Image.fromarray(ramp), "TIFF")))[0, :, 0].astype(int)
    assert np.abs(shades - np.linspace(0, 255, 64)).max() <= 1


def test_of_a_tiff_the_first_page_is_taken():
    pages = [Image.new("RGB", (16, 12), colour) for colour in ((255, 0, 0), (0, 255, 0))]
    content = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert centre(load_image(content)) == (255, 0, 0)


def test_a_tiff_with_tiles_larger_than_any_picture_is_refused(sentence):
    content = tiff_header({256: 32, 257: 32, 258: 8, 259: 8, 262: 1, 277: 1, 322: 60_000, 323: 60_000, 324: 8, 325: 9})
    with pytest.raises(InputError, match="than 20 megapixels") as error:
        load_image(content)
    sentence(error.value)


def tiff_header(tags: dict[int, int]) -> bytes:
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b"II*\0" + struct.pack("<IQ", 16, 0) + struct.pack("<H", len(tags)) + entries + bytes(4)


def test_a_photo_of_a_phone_is_read_or_called_by_its_format(tmp_path, monkeypatch, sentence):
    try:
        import pillow_heif  # pyright: ignore[reportMissingImports]

        stream = io.BytesIO()
        pillow_heif.from_pillow(flat("RGB", size=(64, 48))).save(stream)
        content = stream.getvalue()
        assert np.abs(np.subtract(centre(load_image(content)), COLOUR)).max() <= 6
    except ImportError:
        content = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(50)
    monkeypatch.setattr(decoding, "optional_formats", lambda: ())
    (tmp_path / "IMG_1.jpg").write_bytes(content)  # as it is called after some ways of sending it
    for source in (content, tmp_path / "IMG_1.jpg"):
        with pytest.raises(
            InputError, match=r"is HEIC, which is not read here: .* install resnet-demo\[heic\]"
        ) as error:
            load_image(source)
        sentence(error.value)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow was built without AVIF")
def test_avif_is_read_where_pillow_can():
    loaded = load_image(encoded(flat("RGB", size=(64, 48)), "AVIF"))
    assert np.abs(np.subtract(centre(loaded), COLOUR)).max() <= 6


# EXIF: how a camera was held. Written down from the standard, not from Pillow

STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: upright.swapaxes(0, 1)[::-1],  # the stored rows are the upright's columns from the right
    7: lambda upright: upright.swapaxes(0, 1)[::-1, ::-1],
    8: lambda upright: upright.swapaxes(0, 1)[:, ::-1],
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_exif_orientations_come_upright(orientation, kind):
    stored = np.ascontiguousarray(STORED[orientation](CORNERS))
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    loaded = np.asarray(load_image(encoded(Image.fromarray(stored), kind, exif=exif, **options)))
    assert loaded.shape == CORNERS.shape
    assert np.abs(loaded.astype(int) - CORNERS).max() <= (40 if kind == "JPEG" else 0)  # edges ring in a JPEG


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_turned_once(kind):
    """What `load_image` returns stands upright, also for whoever opens it again."""
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {"quality": 95} if kind != "PNG" else {}
    once = load_image(encoded(Image.fromarray(np.ascontiguousarray(STORED[6](CORNERS))), kind, exif=exif, **options))
    assert 0x0112 not in once.getexif()
    assert np.array_equal(np.asarray(load_image(once)), np.asarray(once))
    assert np.array_equal(np.asarray(load_image(encoded(once))), np.asarray(once))


def test_the_tables_of_orientations_agrees_with_the_standards_example():
    # Orientation 6, "the 0th row is the visual right-hand side": the first stored row is the upright right column.
    assert np.array_equal(STORED[6](CORNERS)[0], CORNERS[:, -1])
    # Orientation 8, "the 0th row is the visual left-hand side".
    assert np.array_equal(STORED[8](CORNERS)[0], CORNERS[::-1, 0])


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_senseless_orientations_change_nothing(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    loaded = load_image(encoded(Image.fromarray(CORNERS), exif=exif))
    assert np.array_equal(np.asarray(loaded), CORNERS)


def test_broken_exif_data_do_not_spoil_a_sound_picture():
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "maker", 6
    content = encoded(Image.fromarray(np.ascontiguousarray(STORED[6](CORNERS))), exif=exif)
    assert np.array_equal(np.asarray(load_image(content)), CORNERS)
    # The maker's tag turned into that of the strips' offsets, which must be numbers; and a header that is none.
    for old, new in ((b"\x01\x0f\x00\x02", b"\x01\x11\x00\x02"), (b"MM\x00*", b"XX\x00*")):
        broken = content.replace(old, new)
        assert broken != content
        broken = encoded_with_right_checksums(broken)
        pixels = np.asarray(load_image(broken))
        assert pixels.shape in (CORNERS.shape, CORNERS.swapaxes(0, 1).shape)


def encoded_with_right_checksums(content: bytes) -> bytes:
    """A PNG whose chunks' checksums are computed anew."""
    fixed, place = content[:8], 8
    while place < len(content):
        (length,) = struct.unpack_from(">I", content, place)
        chunk = content[place + 4 : place + 8 + length]
        fixed += struct.pack(">I", length) + chunk + struct.pack(">I", zlib.crc32(chunk))
        place += 12 + length
    return fixed


def test_of_an_animation_the_first_frame_is_taken():
    frames = [Image.new("RGB", (16, 12), colour) for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255))]
    for kind in ("GIF", "WEBP", "PNG"):
        options = {"lossless": True} if kind == "WEBP" else {}
        content = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert centre(load_image(content)) == (255, 0, 0), kind


# What is refused, with one sentence


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims to be so large, made by hand; of its pixels there are but a few."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def bmp_header(width: int, height: int) -> bytes:
    information = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + information


def gif_header(width: int, height: int) -> bytes:
    screen = struct.pack("<HHBBB", width, height, 0, 0, 0)
    return b"GIF89a" + screen + b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x00;"


@pytest.mark.parametrize(
    "content",
    [
        png_header(60_000, 60_000),
        png_header(2**31 - 1, 2**31 - 1),
        png_header(10_000, 10_000),
        png_header(8_000, 8_000),
        bmp_header(40_000, 40_000),
        gif_header(65_535, 65_535),
    ],
    ids=["png 3.6 Gpx", "png 4.6 Epx", "png 100 Mpx", "png 64 Mpx", "bmp", "gif"],
)
def test_decompression_bombs_are_refused_by_their_header(content, sentence):
    assert len(content) < 2000
    start = time.perf_counter()
    with pytest.raises(InputError, match="at most 20 megapixels") as error:
        load_image(content)
    sentence(error.value)
    assert time.perf_counter() - start < 0.5


def test_a_picture_just_within_the_limit_is_read():
    loaded = load_image(encoded(Image.new("1", (8_000, 2_500)), compress_level=1))
    assert loaded.size == (8_000, 2_500)


@pytest.mark.parametrize("size", [(1, 1), (30_000, 1), (1, 30_000), (7, 100), (100, 7), (201, 10), (10, 201)])
def test_pictures_of_impossible_sizes_are_refused(size, sentence):
    for source in (encoded(Image.new("RGB", size)), Image.new("RGB", size)):
        with pytest.raises(InputError, match=f"{size[0]} x {size[1]}") as error:
            load_image(source)
        sentence(error.value)


@pytest.mark.parametrize("size", [(8, 8), (8, 160), (200, 10)])
def test_the_smallest_and_the_longest_pictures_still_pass(size):
    assert CIFAR10.to_input(load_image(Image.new("RGB", size, "red"))).shape == (1, 3, 32, 32)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_pictures_are_refused(kind, share, sentence):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    content = encoded(noise, kind)
    load_image(content)
    with pytest.raises(InputError) as error:
        load_image(content[: int(len(content) * share)])
    sentence(error.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"hello, world\n" * 100, bytes(10_000), b"<svg/>"],
    ids=["zero bytes", "nul", "gif magic", "png magic", "jpeg magic", "text", "nuls", "svg"],
)
def test_what_is_no_picture_is_refused(content, tmp_path, sentence):
    (tmp_path / "photo.jpg").write_bytes(content)
    for source in (content, tmp_path / "photo.jpg"):
        with pytest.raises(InputError, match=r"photo\.jpg|The upload") as error:
            load_image(source)
        sentence(error.value)


@pytest.mark.parametrize("kind", ["PPM", "ICO", "TGA", "PCX", "JPEG2000", "EPS", "PDF", "SGI", "DDS"])
def test_formats_that_are_not_listed_are_refused_whatever_their_name(kind, tmp_path, sentence):
    try:
        content = encoded(flat("RGB", size=(32, 32)), kind)
    except (OSError, KeyError) as error:  # this Pillow was built without it
        pytest.skip(f"Pillow cannot write {kind}: {error}")
    (tmp_path / "photo.png").write_bytes(content)
    with pytest.raises(InputError, match=r"JPEG, PNG, WebP, GIF, BMP(, TIFF or | or )\w+\.") as error:
        load_image(tmp_path / "photo.png")
    sentence(error.value)


@pytest.mark.parametrize("name", ["missing.png", ".", "a" * 5000, "nul\0.png"])
def test_a_missing_file_is_said_to_be_missing(name, tmp_path, sentence):
    with pytest.raises(InputError, match="There is no file"):
        load_image(tmp_path / name)


def test_a_lazy_picture_that_turns_out_damaged_is_refused(sentence):
    content = encoded(Image.fromarray(CORNERS).resize((200, 200)), "JPEG")
    with pytest.raises(InputError, match="damaged") as error:
        load_image(Image.open(io.BytesIO(content[:-200])))  # not decoded yet: Pillow has read the header alone
    sentence(error.value)


@pytest.mark.filterwarnings("ignore")  # Pillow's own, about corrupt EXIF data
@pytest.mark.parametrize("kind", FORMATS)
def test_flipped_bytes_give_a_sentence_or_a_picture(kind, sentence):
    generator = random.Random(0)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x8769] = 6, "maker", {0x9003: "2020:01:01 00:00:00"}
    options = {"exif": exif} if kind in ("JPEG", "PNG", "WEBP") else {}
    content = encoded(Image.fromarray(CORNERS), kind, **options)
    refused = 0
    for _ in range(300):
        spoilt = bytearray(content)
        for _ in range(generator.randint(1, 4)):
            spoilt[generator.randrange(len(spoilt))] = generator.randrange(256)
        try:
            assert load_image(bytes(spoilt)).mode == "RGB"
        except InputError as error:
            refused += 1
            sentence(error)
    assert refused > 0
