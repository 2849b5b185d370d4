"""Which formats of pictures are read: the one list that code, help and sentences have them from. Imports nothing."""

# Pillow's name for each -> its usual name. Decoders of other formats never see a stranger's bytes.
NAMES = {"JPEG": "JPEG", "PNG": "PNG", "WEBP": "WebP", "GIF": "GIF", "BMP": "BMP", "TIFF": "TIFF"}
SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")  # theirs
# Read where somebody installed what reads them: the format, Pillow's name for it, and the suffixes.
OPTIONAL = {"AVIF": ("AVIF", (".avif",)), "HEIC": ("HEIF", (".heic", ".heif", ".hif"))}

*_FIRST, _LAST = NAMES.values()
ANY = f"{', '.join(_FIRST)} or {_LAST}; {' and '.join(OPTIONAL)} where they can be read"  # for the shell's help
