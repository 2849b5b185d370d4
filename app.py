"""Start the app: `python app.py`. Hugging Face Spaces runs this file, too."""

import os

from resnet_demo import cores, stopping

if __name__ == "__main__":
    stopping.prepare()
    cores.prepare()  # before torch is imported, by the next line

    from resnet_demo.ui import launch

    launch(host=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"))
